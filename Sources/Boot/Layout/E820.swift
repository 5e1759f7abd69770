// SPDX-License-Identifier: Apache-2.0

public import GuestMemory

/// One entry of the memory map a BIOS reports (ACPI 6.4 §15).
public struct E820Entry: Equatable, Sendable {
    /// What a range is for; numbers are those of INT 15h E820, which PVH uses as well.
    public enum Kind: UInt32, Sendable {
        /// The guest's to use.
        case ram = 1
        /// Keep off.
        case reserved = 2
        /// ACPI tables: RAM once they have been read.
        case acpi = 3
    }

    /// The addresses.
    public var range: Range<UInt64>
    /// What they are for.
    public var kind: Kind

    /// Describes a range.
    public init(_ range: Range<UInt64>, _ kind: Kind) {
        self.range = range
        self.kind = kind
    }

    /// The map of a machine with this RAM, rising by address.
    /// - Parameter tables: where ACPI tables lie at the end of low RAM; nil when they fit the first MiB.
    public static func map(of memory: RAMLayout, tables: Range<UInt64>? = nil) -> [E820Entry] {
        var map = [
            E820Entry(0..<FirstMegabyte.ebda, .ram),
            E820Entry(FirstMegabyte.ebda..<FirstMegabyte.videoHole, .reserved),
            E820Entry(FirstMegabyte.acpi, .acpi),
            E820Entry(FirstMegabyte.smbios, .reserved),
        ]
        let lowEnd = tables?.lowerBound ?? memory.lowEnd
        if lowEnd > FirstMegabyte.end { map.append(E820Entry(FirstMegabyte.end..<lowEnd, .ram)) }
        if let tables { map.append(E820Entry(tables, .acpi)) }
        map.append(E820Entry(PhysicalMap.ecam, .reserved))
        // The four pages KVM itself uses to run real mode on Intel; see `PhysicalMap`.
        map.append(E820Entry(PhysicalMap.identityMap..<PhysicalMap.taskStateSegment + 0x3000, .reserved))
        if memory.end > PhysicalMap.highRAMStart {
            map.append(E820Entry(PhysicalMap.highRAMStart..<memory.end, .ram))
        }
        return map
    }
}
