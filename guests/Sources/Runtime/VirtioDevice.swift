// SPDX-License-Identifier: Apache-2.0

import Hardware

/// A modern virtio device on PCI, as its driver sees it (virtio 1.2 §4.1).
public struct VirtioDevice {
    /// The PCI function underneath.
    public let function: PCIFunction
    /// Address of the common configuration structure (§4.1.4.3).
    public let common: UInt64
    private let notify: UInt64
    private let multiplier: UInt64
    private let isr: UInt64
    /// Address of the device-specific configuration, 0 when there is none.
    public let config: UInt64
    private let msix: UInt64
    private let msixControl: UInt16
    /// Vectors in the MSI-X table.
    public let vectors: Int

    /// Finds the structures of a function and turns it on with MSI-X.
    /// - Throws: when a structure is missing.
    public init(_ function: PCIFunction) throws(Failure) {
        self.function = function
        var structures = InlineArray<6, UInt64>(repeating: 0)
        var multiplier: UInt64 = 0
        for capability in function.capabilities(0x09) {
            let kind = Int(function.read8(capability + 3))
            guard kind >= 1, kind <= 4, structures[kind] == 0 else { continue }
            structures[kind] =
                try function.bar(function.read8(capability + 4)) + UInt64(function.read32(capability + 8))
            if kind == 2 { multiplier = UInt64(function.read32(capability + 16)) }
        }
        guard structures[1] != 0, structures[2] != 0, structures[3] != 0 else {
            throw Failure("virtio-structure-missing")
        }
        (common, notify, isr, config) = (structures[1], structures[2], structures[3], structures[4])
        self.multiplier = multiplier
        guard let capability = function.capabilities(0x11).first else { throw Failure("no-msix") }
        let table = function.read32(capability + 4)
        msixControl = capability + 2
        vectors = Int(function.read16(capability + 2) & 0x7FF) + 1
        msix = try function.bar(UInt8(table & 7)) + UInt64(table & ~7)
        function.enable()
        function.write16(msixControl, 0x8000)
    }

    /// Device status (§2.1).
    public var status: UInt8 { hw_load8(common + 20) }
    /// Writes device status.
    public func setStatus(_ status: UInt8) { hw_store8(common + 20, status) }
    /// Queues the device has.
    public var queueCount: UInt16 { hw_load16(common + 18) }
    /// Counts changes of the configuration.
    public var generation: UInt8 { hw_load8(common + 21) }
    /// The interrupt status; reading clears it.
    public var interruptStatus: UInt8 { hw_load8(isr) }
    /// Whether the device gave up on this driver.
    public var needsReset: Bool { status & 0x40 != 0 }

    /// The features on offer.
    public var offered: UInt64 {
        hw_store32(common, 0)
        let low = hw_load32(common + 4)
        hw_store32(common, 1)
        return UInt64(hw_load32(common + 4)) << 32 | UInt64(low)
    }

    /// Resets the device and waits for it (§2.4).
    /// - Throws: when it does not come back.
    public func reset() throws(Failure) {
        setStatus(0)
        var patience = 1_000_000
        while status != 0 {
            patience -= 1
            if patience == 0 { throw Failure("device-reset-hangs", seen: UInt64(status)) }
            hw_pause()
        }
    }

    /// Resets the device and settles on those of `wanted` that are on offer (§3.1.1); gives what was settled.
    /// - Throws: when the device refuses, or offers no version 1.
    public func negotiate(_ wanted: UInt64) throws(Failure) -> UInt64 {
        try reset()
        setStatus(1)
        setStatus(3)
        let features = offered & (wanted | Features.version1)
        guard features & Features.version1 != 0 else { throw Failure("not-virtio-1", seen: features) }
        accept(features)
        setStatus(11)
        guard status & 8 != 0 else { throw Failure("features-refused", seen: features) }
        return features
    }

    /// Writes the driver's features, whatever they are.
    public func accept(_ features: UInt64) {
        hw_store32(common + 8, 0)
        hw_store32(common + 12, UInt32(truncatingIfNeeded: features))
        hw_store32(common + 8, 1)
        hw_store32(common + 12, UInt32(truncatingIfNeeded: features >> 32))
    }

    /// Tells the device that the driver is ready.
    public func start() {
        setStatus(15)
    }

    /// The largest size the device allows for a queue, 0 when it has no such queue.
    public func queueLimit(_ index: UInt16) -> UInt16 {
        hw_store16(common + 22, index)
        return hw_load16(common + 24)
    }

    /// Sets a queue up with an interrupt on `processor`, and enables it (§4.1.5.1.3).
    /// - Throws: when there is no such queue or vector, or memory runs out.
    public func queue(
        _ index: UInt16, size: UInt16, features: UInt64, vector: UInt8, processor: UInt32
    ) throws(Failure) -> Virtqueue {
        let limit = queueLimit(index)
        guard limit > 0 else { throw Failure("no-such-queue", seen: UInt64(index)) }
        let entry = UInt16(min(Int(index), vectors - 1))
        route(entry, vector: vector, processor: processor)
        let queue = try Virtqueue(
            index: index, size: min(size, limit), features: features, doorbell: doorbell(index))
        hw_store16(common + 22, index)
        hw_store16(common + 24, queue.size)
        hw_store16(common + 26, entry)
        guard hw_load16(common + 26) == entry else { throw Failure("vector-refused", seen: UInt64(entry)) }
        setAddress(32, queue.descriptors)
        setAddress(40, queue.available)
        setAddress(48, queue.used)
        hw_store16(common + 28, 1)
        return queue
    }

    /// A 64-bit field goes in two 32-bit halves (§4.1.3.1).
    private func setAddress(_ offset: UInt64, _ value: UInt64) {
        hw_store32(common + offset, UInt32(truncatingIfNeeded: value))
        hw_store32(common + offset + 4, UInt32(truncatingIfNeeded: value >> 32))
    }

    /// Where a queue is notified (§4.1.4.4).
    public func doorbell(_ index: UInt16) -> UInt64 {
        hw_store16(common + 22, index)
        return notify + UInt64(hw_load16(common + 30)) * multiplier
    }

    /// Points an MSI-X entry at a vector of a processor and unmasks it.
    public func route(_ entry: UInt16, vector: UInt8, processor: UInt32) {
        let address = msix + UInt64(entry) * 16
        hw_store32(address + 12, 1)
        hw_store32(address, 0xFEE0_0000 | processor << 12)
        hw_store32(address + 4, 0)
        hw_store32(address + 8, UInt32(vector))
        hw_store32(address + 12, 0)
    }

    /// Masks or unmasks an MSI-X entry.
    public func mask(_ entry: UInt16, _ masked: Bool) {
        hw_store32(msix + UInt64(entry) * 16 + 12, masked ? 1 : 0)
    }
}
