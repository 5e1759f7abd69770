// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// Where the loader and the firmware tables put things in the first MiB of guest memory.
///
/// ```
/// 0x00000  real-mode vectors and BIOS data area, zero
/// 0x00500  GDT: null, null, code (0x10), data (0x18), task (0x20, two slots)
/// 0x06000  PVH start info, module list, memory map
/// 0x07000  Linux boot_params ("zero page")
/// 0x08000  boot stack, grows down from 0x08FF0; entry code brings its own
/// 0x09000  page tables: one PML4, one PDPT, four page directories; identity map of 4 GiB by 2 MiB pages
/// 0x20000  kernel command line, up to 64 KiB
/// 0x9FC00  extended BIOS data area, reserved
/// 0xA0000  hole
/// 0xE0000  ACPI: RSDP, then the tables as long as they fit 64 KiB, else they lie at the end of low RAM
/// 0xF0000  SMBIOS: entry point, then the structures
/// 0x100000 kernel
/// ```
enum FirstMegabyte {
    static let gdt: UInt64 = 0x500
    static let startInfo: UInt64 = 0x6000
    static let moduleList: UInt64 = 0x6040
    static let startInfoMemoryMap: UInt64 = 0x6080
    static let zeroPage: UInt64 = 0x7000
    static let stackTop: UInt64 = 0x8FF0
    static let pageTables: UInt64 = 0x9000
    static let commandLine: UInt64 = 0x2_0000
    static let commandLineRoom: UInt64 = 0x1_0000
    static let ebda: UInt64 = 0x9_FC00
    static let videoHole: UInt64 = 0xA_0000
    static let acpi: Range<UInt64> = 0xE_0000..<0xF_0000
    static let smbios: Range<UInt64> = 0xF_0000..<0x10_0000
    static let end: UInt64 = 0x10_0000
}
