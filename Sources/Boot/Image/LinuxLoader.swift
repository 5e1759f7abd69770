// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux

/// Loads a bzImage by the 64-bit boot protocol (Linux Documentation/arch/x86/boot.rst).
struct LinuxLoader {
    /// The kernel's header.
    var header: SetupHeader
    /// Where it goes, with the memory it needs there.
    var place: Range<UInt64>

    /// Checks the header against the file and finds the kernel's place.
    init(head: [UInt8], fileBytes: UInt64, context: LoadContext) throws(BootError) {
        header = try SetupHeader(head: head)
        guard header.fileBytes <= fileBytes else {
            throw .truncated(.kernel, promised: header.fileBytes, actual: fileBytes)
        }
        place = try header.placement(lowEnd: context.lowEnd, memory: context.memory.layout.bytes)
    }

    /// Where an initrd may go beside this kernel.
    func initrdPlacement(_ context: LoadContext) -> InitrdPlacement {
        InitrdPlacement(
            limit: header.initrdLimit, above4GiB: header.takesInitrdAbove4GiB, kernel: place, lowEnd: context.lowEnd,
            memory: context.memory.layout)
    }

    /// Writes kernel, command line, zero page, page tables and GDT.
    func load(
        from file: borrowing FileDescriptor, initrd: Range<UInt64>?, context: LoadContext
    ) throws(BootError) -> BootEntry {
        let limit = min(header.commandLineBytes, FirstMegabyte.commandLineRoom - 1)
        try context.writeCommandLine(limit: limit)
        try file.loadBootBytes(
            .kernel, at: header.setupBytes, count: header.payloadBytes, into: context.memory, at: place.lowerBound)
        try context.write(zeroPage(initrd: initrd, context: context), at: FirstMegabyte.zeroPage)
        try context.write(IdentityMap.tables(at: FirstMegabyte.pageTables), at: FirstMegabyte.pageTables)
        try context.write(SegmentRegister.table(code: .code64), at: FirstMegabyte.gdt)
        return .linux64(rip: place.lowerBound + 0x200)
    }

    /// `boot_params` (boot.rst and zero-page.rst); everything the header does not set is zero.
    func zeroPage(initrd: Range<UInt64>?, context: LoadContext) -> [UInt8] {
        var page = [UInt8](repeating: 0, count: 4096)
        page.replaceSubrange(SetupHeader.offset..<SetupHeader.offset + header.bytes.count, with: header.bytes)
        page.put(context.rsdp, at: 0x070)
        page.put(UInt16(0xFFFF), at: 0x1FA)  // vid_mode: normal
        page[0x210] = 0xFF  // type_of_loader: not registered
        page.put(UInt32(truncatingIfNeeded: place.lowerBound), at: 0x214)
        page.put(UInt32(truncatingIfNeeded: FirstMegabyte.commandLine), at: 0x228)
        page.put(UInt32(truncatingIfNeeded: FirstMegabyte.commandLine >> 32), at: 0x0C8)
        let ramdisk = initrd ?? 0..<0
        let bytes = ramdisk.upperBound - ramdisk.lowerBound
        page.put(UInt32(truncatingIfNeeded: ramdisk.lowerBound), at: 0x218)
        page.put(UInt32(truncatingIfNeeded: bytes), at: 0x21C)
        page.put(UInt32(truncatingIfNeeded: ramdisk.lowerBound >> 32), at: 0x0C0)
        page.put(UInt32(truncatingIfNeeded: bytes >> 32), at: 0x0C4)
        page.put(UInt64(0), at: 0x250)  // setup_data: none
        page[0x1E8] = UInt8(truncatingIfNeeded: context.map.count)
        for (index, entry) in context.map.enumerated() {
            page.put(entry.range.lowerBound, at: 0x2D0 + index * 20)
            page.put(entry.range.upperBound - entry.range.lowerBound, at: 0x2D8 + index * 20)
            page.put(entry.kind.rawValue, at: 0x2E0 + index * 20)
        }
        return page
    }
}
