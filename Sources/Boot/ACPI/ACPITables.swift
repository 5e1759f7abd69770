// SPDX-License-Identifier: Apache-2.0

/// All ACPI tables of a machine, laid out one behind the other and pointing at each other.
struct ACPITables {
    /// Every table but the RSDP, to be written at the address they were made for.
    private(set) var bytes: [UInt8] = []
    /// The root pointer, 36 bytes.
    private(set) var rsdp: [UInt8] = []
    /// Each table alone, in order, under its signature.
    private(set) var tables: [(signature: String, bytes: [UInt8])] = []

    /// Builds the tables for `base`, a multiple of 64 below 4 GiB.
    init(platform: PlatformDescription, at base: UInt64) {
        let facs = place(FADT.facs, at: base)
        let dsdt = place(DSDT.table(for: platform), at: base)
        var entries = [
            place(
                FADT.table(
                    for: platform, facs: UInt32(truncatingIfNeeded: facs), dsdt: UInt32(truncatingIfNeeded: dsdt)),
                at: base),
            place(MADT.table(for: platform), at: base),
            place(MCFG.table(), at: base),
        ]
        if !platform.nodes.isEmpty {
            entries.append(place(SRAT.table(for: platform), at: base))
            entries.append(place(SLIT.table(for: platform), at: base))
        }
        var xsdt = ACPITable(signature: "XSDT", revision: 1)
        for entry in entries { xsdt.append(entry) }
        rsdp = Self.rootPointer(xsdt: place(xsdt.finished, at: base))
    }

    private mutating func place(_ table: [UInt8], at base: UInt64) -> UInt64 {
        // The FACS wants 64 bytes of alignment; giving it to all keeps one rule (ACPI 6.4 §5.2.10).
        bytes += [UInt8](repeating: 0, count: (64 - bytes.count % 64) % 64)
        let address = base + UInt64(bytes.count)
        bytes += table
        tables.append((String(decoding: table.prefix(4), as: UTF8.self), table))
        return address
    }

    /// The RSDP, revision 2, without an RSDT (ACPI 6.4 §5.2.5.3).
    private static func rootPointer(xsdt: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        out.append(ascii: "RSD PTR ", count: 8)
        out.append(0)
        out.append(ascii: "APUS", count: 6, padding: UInt8(ascii: " "))
        out.append(2)
        out.append(le: UInt32(0))
        out.append(le: UInt32(36))
        out.append(le: xsdt)
        out += [0, 0, 0, 0]
        out[8] = Array(out[..<20]).checksum
        out[32] = out.checksum
        return out
    }
}
