// SPDX-License-Identifier: Apache-2.0

/// What a kernel file is, told by its content.
enum KernelFormat: Equatable {
    /// A Linux x86 image with a setup header.
    case bzImage
    /// An ELF file.
    case elf

    /// Bytes of the head `init(head:)` wants to see; shorter files give what they have.
    static let headBytes = 4096

    /// Recognises a kernel.
    /// - Throws: `BootError.notAKernel`, which names what it is instead where that is known.
    init(head: [UInt8], fileBytes: UInt64) throws(BootError) {
        func has(_ magic: [UInt8], at offset: Int) -> Bool {
            head.count >= offset + magic.count && Array(head[offset..<offset + magic.count]) == magic
        }
        if has(Array("HdrS".utf8), at: 0x202), has([0x55, 0xAA], at: 0x1FE) {
            self = .bzImage
            return
        }
        if has([0x7F] + Array("ELF".utf8), at: 0) {
            self = .elf
            return
        }
        let wanted = "give an x86-64 bzImage or an ELF vmlinux"
        if has([0x41, 0x52, 0x4D, 0x64], at: 0x38) { throw .notAKernel("is an ARM64 Image; \(wanted)") }
        if has([0x18, 0x28, 0x6F, 0x01], at: 0x24) { throw .notAKernel("is a 32-bit ARM zImage; \(wanted)") }
        if has(Array("RSC".utf8) + [5], at: 0x38) { throw .notAKernel("is a RISC-V Image; \(wanted)") }
        if has(Array("MZ".utf8), at: 0), has(Array("zimg".utf8), at: 4) {
            throw .notAKernel("is a compressed EFI image of another architecture; \(wanted)")
        }
        let compressions: [([UInt8], String)] = [
            ([0x1F, 0x8B], "gzip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
            ([0x42, 0x5A, 0x68], "bzip2"), ([0x04, 0x22, 0x4D, 0x18], "lz4"), ([0x02, 0x21, 0x4C, 0x18], "lz4"),
        ]
        for (magic, name) in compressions where has(magic, at: 0) {
            throw .notAKernel("is a \(name) file; unpack it and \(wanted)")
        }
        if has([0x27, 0x05, 0x19, 0x56], at: 0) { throw .notAKernel("is a U-Boot uImage; \(wanted)") }
        if has(Array("QFI".utf8) + [0xFB], at: 0) { throw .notAKernel("is a qcow2 disk image; \(wanted)") }
        if has(Array("0707".utf8), at: 0) { throw .notAKernel("is a cpio archive, perhaps the initrd; \(wanted)") }
        if fileBytes < 0x400 { throw .notAKernel("is too short, it has only \(fileBytes) bytes; \(wanted)") }
        if has(Array("MZ".utf8), at: 0) {
            throw .notAKernel("is an EFI program without a Linux setup header; \(wanted)")
        }
        if head.allSatisfy({ $0 == 0 }) { throw .notAKernel("begins with nothing but zeros; \(wanted)") }
        throw .notAKernel("is neither a bzImage nor an ELF file; \(wanted)")
    }
}
