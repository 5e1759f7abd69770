// SPDX-License-Identifier: Apache-2.0

/// A resource descriptor of a `_CRS` template (ACPI 6.4 §6.4).
enum Resource {
    /// Fixed ports, 16-bit decode.
    case io(base: UInt16, count: UInt8)
    /// One ISA interrupt: edge, active high, exclusive.
    case irq(UInt8)
    /// Bus numbers a host bridge produces.
    case busNumbers(ClosedRange<UInt16>)
    /// Ports a host bridge produces.
    case ioWindow(ClosedRange<UInt16>)
    /// A memory window below 4 GiB which a host bridge produces, not cacheable.
    case memoryWindow32(Range<UInt64>)
    /// A memory window which a host bridge produces, not cacheable, addresses of 64 bits.
    case memoryWindow64(Range<UInt64>)
    /// A fixed range below 4 GiB, read-write, which the device consumes.
    case memory32Fixed(base: UInt32, count: UInt32)
    /// An interrupt by its GSI.
    case interrupt(gsi: UInt32, level: Bool, activeLow: Bool)

    /// The bytes of a whole template, closed by an end tag whose checksum is left zero ("treat as valid").
    static func template(_ resources: [Resource]) -> [UInt8] {
        var out: [UInt8] = []
        for resource in resources { resource.encode(into: &out) }
        return out + [0x79, 0x00]
    }

    private func encode(into out: inout [UInt8]) {
        switch self {
        case .io(let base, let count):
            out += [0x47, 0x01]
            out.append(le: base)
            out.append(le: base)
            out += [0x01, count]
        case .irq(let line):
            out.append(0x22)
            out.append(le: UInt16(1) << UInt16(line & 15))
        case .busNumbers(let range):
            Self.encodeWordSpace(type: 2, specific: 0, range, into: &out)
        case .ioWindow(let range):
            // Type-specific flags 3: the whole of the range, ISA and non-ISA ports (ACPI 6.4 §6.4.3.5.5).
            Self.encodeWordSpace(type: 1, specific: 3, range, into: &out)
        case .memoryWindow32(let range):
            out += [0x87]
            out.append(le: UInt16(23))
            out += [0x00, 0x0C, 0x01]
            for value in [0, range.lowerBound, range.upperBound &- 1, 0, range.upperBound &- range.lowerBound] {
                out.append(le: UInt32(truncatingIfNeeded: value))
            }
        case .memoryWindow64(let range):
            out += [0x8A]
            out.append(le: UInt16(43))
            out += [0x00, 0x0C, 0x01]
            for value in [0, range.lowerBound, range.upperBound &- 1, 0, range.upperBound &- range.lowerBound] {
                out.append(le: value)
            }
        case .memory32Fixed(let base, let count):
            out += [0x86]
            out.append(le: UInt16(9))
            out.append(0x01)
            out.append(le: base)
            out.append(le: count)
        case .interrupt(let gsi, let level, let activeLow):
            out += [0x89]
            out.append(le: UInt16(6))
            out += [0x01 | (level ? 0 : 0x02) | (activeLow ? 0x04 : 0), 0x01]
            out.append(le: gsi)
        }
    }

    /// Word address space descriptor; general flags 0x0C: minimum and maximum are fixed, produced, positive decode.
    private static func encodeWordSpace(
        type: UInt8, specific: UInt8, _ range: ClosedRange<UInt16>, into out: inout [UInt8]
    ) {
        out += [0x88]
        out.append(le: UInt16(13))
        out += [type, 0x0C, specific]
        // A length of 65536 does not fit its word; such a window has to be split by the caller.
        for value in [0, range.lowerBound, range.upperBound, 0, range.upperBound &- range.lowerBound &+ 1] {
            out.append(le: value)
        }
    }
}
