// SPDX-License-Identifier: Apache-2.0

/// The few ACPI tables a payload needs, found from the RSDP (ACPI 6.4 §5.2).
struct Tables {
    /// APIC ids of the usable processors, the boot processor first as MADT lists it.
    private(set) var processors: [UInt32] = []
    /// ECAM base of segment 0 and its last bus.
    private(set) var ecam: (base: UInt64, lastBus: UInt8)?

    init(rsdp hint: UInt64) throws(Failure) {
        guard let rsdp = hint != 0 ? hint : Tables.search() else { return }
        try AddressSpace.map(from: rsdp, to: rsdp + 36)
        let extended = Physical.read8(rsdp + 15) >= 2 && Physical.read64(rsdp + 24) != 0
        let root = extended ? Physical.read64(rsdp + 24) : UInt64(Physical.read32(rsdp + 16))
        let width: UInt64 = extended ? 8 : 4
        var entry = root + 36
        let end = root + UInt64(Physical.read32(root + 4))
        while entry + width <= end {
            let table = extended ? Physical.read64(entry) : UInt64(Physical.read32(entry))
            try AddressSpace.map(from: table, to: table + 4096)
            switch Physical.read32(table) {
            case 0x4349_5041: readMADT(table)
            case 0x4746_434D: readMCFG(table)
            default: break
            }
            entry += width
        }
    }

    /// The RSDP by its signature in the BIOS area, as a legacy loader leaves it.
    private static func search() -> UInt64? {
        var address: UInt64 = 0xE0000
        while address < 0x100000 {
            if Physical.read64(address) == 0x2052_5450_2044_5352 { return address }
            address += 16
        }
        return nil
    }

    private mutating func readMADT(_ table: UInt64) {
        var entry = table + 44
        let end = table + UInt64(Physical.read32(table + 4))
        while entry + 2 <= end {
            let length = UInt64(Physical.read8(entry + 1))
            if length < 2 { return }
            switch Physical.read8(entry) {
            case 0 where Physical.read32(entry + 4) & 1 != 0: processors.append(UInt32(Physical.read8(entry + 3)))
            case 9 where Physical.read32(entry + 8) & 1 != 0: processors.append(Physical.read32(entry + 4))
            default: break
            }
            entry += length
        }
    }

    private mutating func readMCFG(_ table: UInt64) {
        var entry = table + 44
        let end = table + UInt64(Physical.read32(table + 4))
        while entry + 16 <= end {
            if Physical.read16(entry + 8) == 0, Physical.read8(entry + 10) == 0 {
                ecam = (Physical.read64(entry), Physical.read8(entry + 11))
            }
            entry += 16
        }
    }
}
