// SPDX-License-Identifier: Apache-2.0

import Hardware

/// The identity map. The first 4 GiB are there from the start (boot.S); the rest is added here, a GiB at a time.
public enum AddressSpace {
    private static let gigabyte: UInt64 = 1 << 30

    /// Maps everything from `start` to `end` where it is.
    /// - Throws: when the heap has no page for another table.
    public static func map(from start: UInt64, to end: UInt64) throws(Failure) {
        var address = start & ~(gigabyte - 1)
        while address < end {
            try mapGigabyte(address)
            address += gigabyte
        }
    }

    private static func mapGigabyte(_ address: UInt64) throws(Failure) {
        let top = hw_page_table() + (address >> 39 & 511) * 8
        let upper = try table(at: top) + (address >> 30 & 511) * 8
        if hw_load64(upper) & 1 != 0 { return }
        let pages = try Physical.allocate(bytes: 4096)
        for index in 0..<UInt64(512) { hw_store64(pages + index * 8, address + index << 21 | 0xE7) }
        hw_store64(upper, pages | 0x27)
        _ = hw_service(UInt64(SERVICE_FLUSH), 0, 0, 0)
    }

    private static func table(at entry: UInt64) throws(Failure) -> UInt64 {
        let present = hw_load64(entry)
        if present & 1 != 0 { return present & 0x000F_FFFF_FFFF_F000 }
        let fresh = try Physical.allocate(bytes: 4096)
        hw_store64(entry, fresh | 0x27)
        return fresh
    }
}
