// SPDX-License-Identifier: Apache-2.0

public import Bus

/// Configuration space mapped into memory, 1 MiB a bus (PCIe base specification §7.2.2).
public final class ECAM: BusDevice {
    private let bus: RootBus

    /// The window on a root bus; it belongs at `PhysicalMap.ecam`.
    public init(bus: RootBus) { self.bus = bus }

    /// Reads registers; what is absent reads as all ones.
    public func read(offset: UInt64, size: Int) -> UInt64 { bus.read(offset: offset, size: size) }

    /// Writes registers.
    public func write(offset: UInt64, size: Int, value: UInt64) { bus.write(offset: offset, size: size, value: value) }
}
