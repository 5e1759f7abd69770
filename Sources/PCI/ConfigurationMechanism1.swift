// SPDX-License-Identifier: Apache-2.0

public import Bus
import Synchronization

/// Configuration space through two ports: an address at 0xCF8, data at 0xCFC (PCI 3.0 §3.2.2.3.2).
///
/// Only a doubleword write latches an address; bytes and words at 0xCF8 go nowhere, as chipsets put other registers
/// there. As on hardware, two CPUs that do not lock each other out take each other's address.
public final class ConfigurationMechanism1: BusDevice {
    /// The first port.
    public static let port: UInt64 = 0xCF8
    /// Number of ports.
    public static let count: UInt64 = 8
    private let bus: RootBus
    private let latch = Atomic<UInt32>(0)

    /// The ports of a root bus.
    public init(bus: RootBus) { self.bus = bus }

    /// The latched address, to save and restore.
    public var address: UInt32 {
        get { latch.load(ordering: .relaxed) }
        set { latch.store(newValue & 0x80FF_FFFC, ordering: .relaxed) }
    }

    /// Reads a part of the address, or of the register it names.
    public func read(offset: UInt64, size: Int) -> UInt64 {
        if offset < 4 { return UInt64(address) >> (8 * offset) }
        guard let at = target(offset) else { return .max }
        return bus.read(offset: at, size: min(size, Int(8 - min(offset, 8))))
    }

    /// Latches an address, or writes the register it names.
    public func write(offset: UInt64, size: Int, value: UInt64) {
        if offset < 4 {
            if offset == 0, size == 4 { address = UInt32(truncatingIfNeeded: value) }
            return
        }
        guard let at = target(offset) else { return }
        bus.write(offset: at, size: min(size, Int(8 - min(offset, 8))), value: value)
    }

    // Bus, device, function and register number move from the address's places to those of the memory-mapped layout.
    private func target(_ offset: UInt64) -> UInt64? {
        let address = UInt64(self.address)
        guard address & 0x8000_0000 != 0, offset < 8 else { return nil }
        return (address >> 8 & 0xFFFF) << 12 | address & 0xFC | (offset - 4)
    }
}
