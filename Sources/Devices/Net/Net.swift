// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Network
import Synchronization
public import Virtio

/// A network card (virtio 1.2 §5.1): one pair of queues, served by a thread of its own.
@safe
public final class Net<Port: FramePort & ~Copyable>: VirtioDevice, @unchecked Sendable {
    // Never moves and is never changed: the worker's thread borrows it between `start` and `stop`.
    private let port: UnsafeMutablePointer<Port>
    private let mac: MACAddress
    private let mtu: UInt16?
    private let worker: QueueWorker<NetWork<Port>>
    private let transport = Mutex<(any TransportPort)?>(nil)
    private let isUp = Atomic<Bool>(true)
    /// What the card has done so far.
    public let metrics = NetMetrics()

    // The port's address on its way to the worker's thread.
    @safe
    private struct Handle: @unchecked Sendable {
        let port: UnsafePointer<Port>
    }

    /// Makes a card and its thread.
    /// - Parameters:
    ///   - mac: the card's address as the guest reads it.
    ///   - name: of the thread; the kernel keeps 15 bytes.
    ///   - cpus: where the thread may run; the creator's set when nil.
    ///   - onStart: runs first on the thread, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left.
    public init(
        _ port: consuming Port, mac: MACAddress, name: String, cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        worker = try QueueWorker(name: name, cpus: cpus, onStart: onStart)
        self.mac = mac
        mtu = port.mtu
        unsafe self.port = .allocate(capacity: 1)
        unsafe self.port.initialize(to: port)
    }

    deinit {
        worker.shutDown()
        unsafe port.deinitialize(count: 1)
        unsafe port.deallocate()
    }

    // MARK: VirtioDevice

    /// A network card.
    public var kind: VirtioKind { .network }
    /// What this port can do.
    public var offeredFeatures: UInt64 {
        NetFeature.offered(for: unsafe port.pointee.supportedOffloads, mtu: mtu)
    }
    /// One queue to receive, one to send.
    public var queueSizes: [UInt16] { [NetLimits.queueSize, NetLimits.queueSize] }

    /// Reads `struct virtio_net_config`.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        NetConfiguration(mac: mac, isUp: isUp.load(ordering: .relaxed), mtu: mtu).read(at: offset, size: size)
    }

    /// Nothing is writable (§5.1.4).
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {}

    /// Serves the queues from now on.
    public func start(_ setup: DeviceSetup) {
        transport.withLock { $0 = setup.port }
        let handle = unsafe Handle(port: UnsafePointer(port))
        let metrics = self.metrics
        worker.start(setup) { setup, events in
            let work = unsafe try NetWork<Port>(setup, port: handle.port, metrics: metrics)
            let raw = unsafe handle.port.pointee.raw
            try events.add(raw, [.readable, .writable, .edge], token: NetWork<Port>.portToken)
            return work
        }
    }

    /// Forgets the driver; frames that come are left in the port.
    public func stop() {
        worker.stop()
        transport.withLock { $0 = nil }
    }

    /// Gives the driver's buffers back and leaves the port alone.
    public func pause() { worker.pause() }

    /// Goes on.
    public func resume() { worker.resume() }

    /// How far the queues have got.
    public func queuePositions() -> [QueuePosition] { worker.positions() }

    // MARK: Link and state

    /// Plugs the cable in or pulls it, as the guest sees it (VIRTIO_NET_S_LINK_UP); frames flow either way.
    public func setLink(up: Bool) {
        guard isUp.exchange(up, ordering: .relaxed) != up else { return }
        transport.withLock { $0 }?.configurationChanged()
    }

    /// The device's state.
    public var state: NetState { NetState(mac: mac, isUp: isUp.load(ordering: .relaxed)) }

    /// Takes up a state before `start`; the address is the configuration's own.
    public func restore(_ state: NetState) { isUp.store(state.isUp, ordering: .relaxed) }
}
