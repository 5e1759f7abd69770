// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import Virtio

/// A virtio driver's view of a virtio-pci function, written from virtio 1.2 §4.1 alone.
public struct VirtioDriver {
    /// The PCI side.
    public let pci: PCIDriver
    /// Addresses of the structures the capabilities name.
    public let common: UInt64
    /// Where doorbells begin.
    public let notify: UInt64
    /// Interrupt status.
    public let interruptStatus: UInt64
    /// Device configuration.
    public let device: UInt64
    private let multiplier: UInt64

    /// Finds the structures; nil when the function is no modern virtio device.
    public init?(_ pci: PCIDriver) {
        self.pci = pci
        guard pci.read(0, 2) == 0x1AF4, (0x1040...0x107F).contains(pci.read(2, 2)) else { return nil }
        var found: [UInt32: UInt64] = [:]
        var multiplier: UInt64 = 0
        for at in pci.capabilities(0x09) {
            let type = pci.read(at + 3, 1)
            found[type] = pci.address(ofBAR: Int(pci.read(at + 4, 1))) + UInt64(pci.read(at + 8, 4))
            if type == 2 { multiplier = UInt64(pci.read(at + 16, 4)) }
        }
        guard let common = found[1], let notify = found[2], let isr = found[3], let device = found[4] else {
            return nil
        }
        self.common = common
        self.notify = notify
        interruptStatus = isr
        self.device = device
        self.multiplier = multiplier
    }

    /// Reads a field of the common configuration structure.
    public func read(_ offset: UInt64, _ size: Int) -> UInt64 { pci.bus.read(address: common + offset, size: size) }

    /// Writes a field of the common configuration structure.
    public func write(_ offset: UInt64, _ size: Int, _ value: UInt64) {
        pci.bus.write(address: common + offset, size: size, value: value)
    }

    /// The device status.
    public var status: UInt8 {
        get { UInt8(truncatingIfNeeded: read(20, 1)) }
        nonmutating set { write(20, 1, UInt64(newValue)) }
    }

    /// What the device offers.
    public var deviceFeatures: UInt64 {
        write(0, 4, 0)
        let low = read(4, 4)
        write(0, 4, 1)
        return low | read(4, 4) << 32
    }

    /// Resets and negotiates these features (§3.1.1 steps 1 to 6); says whether the device accepts them.
    public func negotiate(_ features: UInt64) -> Bool {
        status = 0
        status = 1
        status = 3
        write(8, 4, 0)
        write(12, 4, features & 0xFFFF_FFFF)
        write(8, 4, 1)
        write(12, 4, features >> 32)
        status = 11
        return status & 8 != 0
    }

    /// Tells the device about a queue and enables it; says whether the device took its vector.
    public func setUp(_ queue: DriverQueue, index: Int, vector: UInt16 = 0xFFFF) -> Bool {
        write(22, 2, UInt64(index))
        write(24, 2, UInt64(queue.size))
        write(26, 2, UInt64(vector))
        write(32, 8, queue.table)
        write(40, 4, queue.available & 0xFFFF_FFFF)
        write(44, 4, queue.available >> 32)
        write(48, 8, queue.used)
        write(28, 2, 1)
        return read(26, 2) == UInt64(vector)
    }

    /// Sets the vector of configuration changes; says whether the device took it.
    public func setConfigurationVector(_ vector: UInt16) -> Bool {
        write(16, 2, UInt64(vector))
        return read(16, 2) == UInt64(vector)
    }

    /// Sets DRIVER_OK.
    public func ready() { status = status | 4 }

    /// The address of a queue's doorbell.
    public func doorbell(_ index: Int) -> UInt64 {
        write(22, 2, UInt64(index))
        return notify + read(30, 2) * multiplier
    }

    /// Kicks a queue by a write that leaves the guest.
    public func kick(_ index: Int) { pci.bus.write(address: doorbell(index), size: 2, value: UInt64(index)) }
}
