// SPDX-License-Identifier: Apache-2.0

/// Page tables that map the first 4 GiB onto themselves by 2 MiB pages (Intel SDM 3A 4.5).
enum IdentityMap {
    /// The six tables as they lie at `base`: PML4, PDPT, four page directories.
    static func tables(at base: UInt64) -> [UInt8] {
        let presentWritable: UInt64 = 0x3
        let largePage: UInt64 = 0x83
        var out: [UInt8] = []
        out.reserveCapacity(6 * 4096)
        func appendTable(_ entries: [UInt64]) {
            for entry in entries { out.append(le: entry) }
            out += [UInt8](repeating: 0, count: 4096 - entries.count * 8)
        }
        appendTable([(base + 0x1000) | presentWritable])
        appendTable((0..<4).map { (base + 0x2000 + $0 * 0x1000) | presentWritable })
        for gibibyte in 0..<4 as Range<UInt64> {
            appendTable((0..<512).map { gibibyte << 30 | $0 << 21 | largePage })
        }
        return out
    }
}
