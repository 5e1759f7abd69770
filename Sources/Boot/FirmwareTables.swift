// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// Writes the ACPI and SMBIOS tables into guest memory.
struct FirmwareTables: Equatable {
    /// Address of the RSDP.
    var rsdp: UInt64
    /// Where ACPI tables lie at the end of low RAM; nil when the first MiB held them all.
    var highRange: Range<UInt64>?

    /// Builds all tables and places them.
    /// - Throws: `BootError.tablesDoNotFit`.
    static func write(
        platform: PlatformDescription, identity: SMBIOSIdentity, into memory: GuestMemory
    ) throws(BootError) -> FirmwareTables {
        let smbios = SMBIOS.structures(identity, memory: platform.memory)
        let smbiosAt = FirstMegabyte.smbios.lowerBound + 32
        let total = platform.memory.bytes
        guard UInt64(smbios.count) <= FirstMegabyte.smbios.upperBound - smbiosAt else {
            throw .tablesDoNotFit(bytes: smbios.count, memory: total)
        }
        var acpiAt = FirstMegabyte.acpi.lowerBound + 64
        var tables = ACPITables(platform: platform, at: acpiAt)
        var highRange: Range<UInt64>?
        if UInt64(tables.bytes.count) > FirstMegabyte.acpi.upperBound - acpiAt {
            let room = (UInt64(tables.bytes.count) + 0xFFF) & ~0xFFF
            let lowEnd = memory.layout.lowEnd
            guard lowEnd >= FirstMegabyte.end + room else {
                throw .tablesDoNotFit(bytes: tables.bytes.count, memory: total)
            }
            acpiAt = lowEnd - room
            tables = ACPITables(platform: platform, at: acpiAt)
            highRange = acpiAt..<lowEnd
        }
        do throws(MemoryError) {
            try memory.write(tables.bytes, at: GuestAddress(acpiAt))
            try memory.write(tables.rsdp, at: GuestAddress(FirstMegabyte.acpi.lowerBound))
            try memory.write(smbios, at: GuestAddress(smbiosAt))
            try memory.write(
                SMBIOS.entryPoint(at: smbiosAt, count: smbios.count), at: GuestAddress(FirstMegabyte.smbios.lowerBound))
        } catch {
            throw .tablesDoNotFit(bytes: tables.bytes.count + smbios.count, memory: total)
        }
        return FirmwareTables(rsdp: FirstMegabyte.acpi.lowerBound, highRange: highRange)
    }
}
