// SPDX-License-Identifier: Apache-2.0

/// Where things lie in the guest's physical address space: the q35 subset every Apus machine has.
public enum PhysicalMap {
    /// RAM below 4 GiB ends here at the latest.
    public static let lowRAMLimit: UInt64 = 0x8000_0000
    /// RAM that does not fit below continues here.
    @inlinable public static var highRAMStart: UInt64 { 0x1_0000_0000 }
    /// PCI configuration space of 256 buses, memory-mapped (PCIe base specification §7.2.2).
    public static let ecam: Range<UInt64> = 0xB000_0000..<0xC000_0000
    /// Where 32-bit PCI memory BARs live.
    public static let pciWindow32: Range<UInt64> = 0xC000_0000..<0xFEC0_0000
    /// The in-kernel IOAPIC.
    public static let ioapic: UInt64 = 0xFEC0_0000
    /// The local APICs.
    public static let localAPIC: UInt64 = 0xFEE0_0000
    /// Three pages Intel's real-mode emulation needs (KVM api.rst 4.35 KVM_SET_TSS_ADDR).
    public static let taskStateSegment: UInt64 = 0xFFFB_D000
    /// One page for its identity page table (KVM api.rst 4.36).
    public static let identityMap: UInt64 = 0xFFFB_C000

    /// Where 64-bit PCI memory BARs live: the top half of what the CPU can address, above all RAM.
    /// - Parameter physicalBits: the width the guest's CPUID reports (leaf 0x80000008).
    public static func pciWindow64(ram: RAMLayout, physicalBits: Int) -> Range<UInt64> {
        let top: UInt64 = 1 << UInt64(min(max(physicalBits, 36), 46))
        let floor = (max(ram.end, highRAMStart) &+ 0x3FFF_FFFF) & ~0x3FFF_FFFF
        let start = max(floor, top / 2)
        return start < top ? start..<top : floor..<floor
    }
}
