// SPDX-License-Identifier: Apache-2.0

public import Bus
public import GuestMemory
public import Linux
public import PCI
import Synchronization

/// A virtio device as a PCI function: the modern transport (virtio 1.2 §4.1) behind one 64-bit memory BAR, interrupts
/// by MSI-X only.
///
/// Lock order: configuration space, then the decoder's, then the transport's or the vector table's. Nothing that is
/// called with a later lock comes back for an earlier one.
public final class VirtioPCIFunction: PCIFunction {
    /// The virtio side.
    public let transport: VirtioTransport
    /// The interrupts.
    public let msix: MSIXTable
    /// Where the firmware would have placed the BAR.
    public let address: UInt64
    private let capability: MSIXCapability
    private let region: VirtioRegion
    private let bar: BAR
    private let decoder: MemoryDecoder
    private let windowOffset: Int
    private let initial: ConfigurationSpace
    private let space: Mutex<ConfigurationSpace>

    private static let vendorCapability: UInt8 = 0x09

    /// Wraps a device, places its BAR and answers there at once, as after firmware.
    /// - Throws: `Errno` when descriptors or routes run out; ENOSPC as well when the allocator's window is full.
    public init(
        device: any VirtioDevice, memory: GuestMemory, allocator: inout BARAllocator, decoder: MemoryDecoder,
        router: any MessageRouter, doorbells: any DoorbellRegistry
    ) throws(Errno) {
        let queues = device.queueSizes.count
        precondition(queues <= 1024, "A device has at most 1024 queues")
        // One vector a queue, and one for configuration changes.
        let msix = try MSIXTable(count: queues + 1, router: router)
        let transport = VirtioTransport(
            device: device, memory: memory, kicks: try EventGroup(count: queues),
            interruptOf: { msix.interrupt(vector: $0) })
        let region = VirtioRegion(transport: transport, msix: msix, registry: doorbells)
        let bar = BAR(index: 0, minimumBytes: region.end, is64Bit: true)
        guard let address = allocator.allocate(bar) else { throw Errno(code: 28, call: "bar") }
        let kind = device.kind
        var space = ConfigurationSpace(
            Identity(
                vendor: 0x1AF4, device: 0x1040 + kind.rawValue, revision: 1, classCode: kind.classCode,
                subsystemVendor: 0x1AF4, subsystem: 0x1100))
        space.addBAR(bar, address: address)
        space.enableMemory()
        windowOffset = VirtioPCIFunction.addCapabilities(region, bar, to: &space)
        capability = MSIXCapability(
            table: msix, bar: bar, tableOffset: UInt32(region.vectors), pendingOffset: UInt32(region.pending),
            in: &space)
        self.transport = transport
        self.msix = msix
        self.address = address
        self.region = region
        self.bar = bar
        self.decoder = decoder
        initial = space
        self.space = Mutex(space)
        decode(space)
    }

    /// The device behind the function.
    public var device: any VirtioDevice { transport.device }

    /// Reads registers. Reading the data of the configuration access capability reads the BAR (§4.1.4.9).
    public func readConfiguration(offset: Int, size: Int) -> UInt32 {
        let (value, window) = space.withLock { space in
            (space.read(offset: offset, size: size), offset == windowOffset + 16 ? target(space) : nil)
        }
        guard let window else { return value }
        return UInt32(truncatingIfNeeded: region.read(offset: window.offset, size: window.size))
    }

    /// Writes registers. Writing the data of the configuration access capability writes the BAR.
    public func writeConfiguration(offset: Int, size: Int, value: UInt32) {
        let window = space.withLock { space in
            space.write(offset: offset, size: size, value: value)
            decode(space)
            capability.apply(space)
            return offset == windowOffset + 16 ? target(space) : nil
        }
        if let window { region.write(offset: window.offset, size: window.size, value: UInt64(value)) }
    }

    /// Stops the device and takes the registers back to what firmware would have left.
    public func reset() {
        space.withLock { space in
            transport.reset()
            capability.reset()
            space = initial
            decode(space)
        }
    }

    /// Everything to save; the device must be paused and no vCPU run.
    public var state: VirtioPCIState {
        VirtioPCIState(
            configuration: space.withLock { $0.bytes }, msix: msix.state, transport: transport.state())
    }

    /// Takes a saved state over and starts the device when the driver had; pause it before for it to wait.
    ///
    /// False when the state is not one that this function could have been in; it is then as after `reset`.
    public func restore(_ state: VirtioPCIState) -> Bool {
        reset()
        let restored = space.withLock { space in
            guard space.restore(state.configuration) else { return false }
            decode(space)
            return capability.restore(state.msix, space) && transport.restore(state.transport)
        }
        if !restored { reset() }
        return restored
    }

    private func decode(_ space: ConfigurationSpace) {
        decoder.place(region, bytes: bar.bytes, at: space.decodesMemory ? space.address(of: bar) : nil)
    }

    /// What the configuration access capability points at; nil when it points at nothing the driver may access.
    private func target(_ space: ConfigurationSpace) -> (offset: UInt64, size: Int)? {
        let size = Int(space.read(offset: windowOffset + 12, size: 4))
        let offset = UInt64(space.read(offset: windowOffset + 8, size: 4))
        guard size == 1 || size == 2 || size == 4, space.read(offset: windowOffset + 4, size: 1) == bar.index,
            offset % UInt64(size) == 0, offset < bar.bytes
        else { return nil }
        return (offset, size)
    }

    /// Adds the vendor capabilities that say where each structure is (§4.1.4); returns where the last of them begins.
    private static func addCapabilities(_ region: VirtioRegion, _ bar: BAR, to space: inout ConfigurationSpace) -> Int {
        func body(_ type: UInt8, _ offset: UInt64, _ length: UInt64, extra: [UInt8] = []) -> [UInt8] {
            var body: [UInt8] = [UInt8(16 + extra.count), type, UInt8(bar.index), 0, 0, 0]
            for value in [offset, length] { for i in 0..<4 { body.append(UInt8(value >> UInt64(8 * i) & 0xFF)) } }
            return body + extra
        }
        let multiplier = [UInt8(VirtioRegion.doorbellStride), 0, 0, 0]
        let structures = [
            body(1, VirtioRegion.common, UInt64(CommonConfiguration.count)),
            body(2, VirtioRegion.doorbells, region.doorbellBytes, extra: multiplier),
            body(3, VirtioRegion.interruptStatus, 1),
            body(4, VirtioRegion.device, VirtioRegion.page),
        ]
        for structure in structures { _ = space.addCapability(id: vendorCapability, body: structure) }
        // In the access capability BAR, offset, length and data are the driver's to write.
        var access = body(5, 0, 0, extra: [0, 0, 0, 0])
        access[2] = 0
        return space.addCapability(
            id: vendorCapability, body: access, writable: [0, 0, 0xFF, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 12))
    }
}
