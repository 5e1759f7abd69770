// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux

/// Loads an ELF64 kernel by the PVH protocol (Xen docs/misc/pvh, xen/include/public/arch-x86/hvm/start_info.h).
struct PVHLoader {
    /// The segments and the entry.
    var kernel: ELFKernel

    /// Checks every segment against low RAM.
    init(
        head: [UInt8], file: borrowing FileDescriptor, fileBytes: UInt64, context: LoadContext
    ) throws(BootError) {
        kernel = try ELFKernel(head: head, file: file, fileBytes: fileBytes)
        for segment in kernel.segments {
            let place = segment.memory
            guard place.lowerBound >= FirstMegabyte.end else {
                throw .unsupported("has a segment below 1 MiB, where the firmware tables are; link it higher")
            }
            guard place.upperBound <= context.lowEnd else {
                throw .kernelDoesNotFit(
                    start: place.lowerBound, end: place.upperBound, memory: context.memory.layout.bytes)
            }
        }
    }

    /// Where an initrd may go beside this kernel; PVH addresses it in 64 bits, but kernels start with 4 GiB mapped.
    func initrdPlacement(_ context: LoadContext) -> InitrdPlacement {
        InitrdPlacement(
            limit: PhysicalMap.lowRAMLimit, above4GiB: false, kernel: kernel.memory, lowEnd: context.lowEnd,
            memory: context.memory.layout)
    }

    /// Writes the segments, the command line, the start info and the GDT.
    func load(
        from file: borrowing FileDescriptor, initrd: Range<UInt64>?, context: LoadContext
    ) throws(BootError) -> BootEntry {
        try context.writeCommandLine(limit: FirstMegabyte.commandLineRoom - 1)
        for segment in kernel.segments where segment.fileBytes > 0 {
            try file.loadBootBytes(
                .kernel, at: segment.fileOffset, count: segment.fileBytes, into: context.memory,
                at: segment.memory.lowerBound)
        }
        try context.write(startInfo(initrd: initrd, context: context), at: FirstMegabyte.startInfo)
        try context.write(SegmentRegister.table(code: .code32), at: FirstMegabyte.gdt)
        return .pvh(rip: kernel.entry)
    }

    /// `hvm_start_info` version 1 with the module list and the memory map behind it, as one run of bytes.
    func startInfo(initrd: Range<UInt64>?, context: LoadContext) -> [UInt8] {
        var out: [UInt8] = []
        out.append(le: UInt32(0x336E_C578))
        out.append(le: UInt32(1))
        out.append(le: UInt32(0))
        out.append(le: UInt32(initrd == nil ? 0 : 1))
        out.append(le: initrd == nil ? UInt64(0) : FirstMegabyte.moduleList)
        out.append(le: FirstMegabyte.commandLine)
        out.append(le: context.rsdp)
        out.append(le: FirstMegabyte.startInfoMemoryMap)
        out.append(le: UInt32(truncatingIfNeeded: context.map.count))
        out.append(le: UInt32(0))
        out += [UInt8](repeating: 0, count: Int(FirstMegabyte.moduleList - FirstMegabyte.startInfo) - out.count)
        let module = initrd ?? 0..<0
        out.append(le: module.lowerBound)
        out.append(le: module.upperBound - module.lowerBound)
        out += [UInt8](repeating: 0, count: Int(FirstMegabyte.startInfoMemoryMap - FirstMegabyte.startInfo) - out.count)
        for entry in context.map {
            out.append(le: entry.range.lowerBound)
            out.append(le: entry.range.upperBound - entry.range.lowerBound)
            out.append(le: entry.kind.rawValue)
            out.append(le: UInt32(0))
        }
        return out
    }
}
