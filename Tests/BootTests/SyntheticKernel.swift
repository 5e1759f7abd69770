// SPDX-License-Identifier: Apache-2.0

@testable import Boot

/// Kernels of a few KiB whose headers are real and whose code is a pattern.
enum SyntheticKernel {
    /// A bzImage of protocol 2.15 whose payload counts up; `edit` changes the finished file.
    static func bzImage(
        payloadUnits: UInt32 = 0x100, initBytes: UInt32 = 0x10_0000, preferred: UInt64 = 0x100_0000,
        flags: UInt16 = 3, initrdMax: UInt32 = 0x7FFF_FFFF, edit: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        var file = [UInt8](repeating: 0, count: 5 * 512)
        file[0x1F1] = 4
        file.put(payloadUnits, at: 0x1F4)
        file.put(UInt16(0xAA55), at: 0x1FE)
        file.put(UInt16(0x6AEB), at: 0x200)
        file.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
        file.put(UInt16(0x20F), at: 0x206)
        file[0x211] = 1
        file.put(UInt32(0x10_0000), at: 0x214)
        file.put(initrdMax, at: 0x22C)
        file.put(UInt32(0x20_0000), at: 0x230)
        file[0x234] = 1
        file.put(flags, at: 0x236)
        file.put(UInt32(2047), at: 0x238)
        file.put(preferred, at: 0x258)
        file.put(initBytes, at: 0x260)
        file += (0..<Int(payloadUnits) * 16).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
        edit(&file)
        return file
    }

    /// An ELF64 with one segment at `address` and a PVH note; `edit` changes the finished file.
    static func elf(
        address: UInt64 = 0x100_0000, fileBytes: UInt64 = 0x1000, memoryBytes: UInt64 = 0x3000,
        entry: UInt64? = 0x100_0010, machine: UInt16 = 62, edit: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        var file: [UInt8] = [0x7F] + Array("ELF".utf8) + [2, 1, 1] + [UInt8](repeating: 0, count: 9)
        file.append(le: UInt16(2))
        file.append(le: machine)
        file.append(le: UInt32(1))
        file.append(le: address)
        file.append(le: UInt64(64))
        file.append(le: UInt64(0))
        file.append(le: UInt32(0))
        for value in [64, 56, 2, 0, 0, 0] as [UInt16] { file.append(le: value) }
        var note: [UInt8] = []
        if let entry {
            for value in [4, 8, 18] as [UInt32] { note.append(le: value) }
            note += Array("Xen\0".utf8)
            note.append(le: entry)
        }
        let noteAt: UInt64 = 0x100
        appendProgramHeader(type: 1, offset: 0x1000, address, fileBytes, memoryBytes, into: &file)
        appendProgramHeader(type: 4, offset: noteAt, 0, UInt64(note.count), UInt64(note.count), into: &file)
        file += [UInt8](repeating: 0, count: Int(noteAt) - file.count) + note
        file += [UInt8](repeating: 0, count: 0x1000 - file.count)
        file += (0..<Int(fileBytes)).map { UInt8(truncatingIfNeeded: $0 &* 5 &+ 3) }
        edit(&file)
        return file
    }

    private static func appendProgramHeader(
        type: UInt32, offset: UInt64, _ address: UInt64, _ inFile: UInt64, _ inMemory: UInt64, into file: inout [UInt8]
    ) {
        file.append(le: type)
        file.append(le: UInt32(5))
        for value in [offset, address, address, inFile, inMemory, type == 4 ? 4 : 0x1000] { file.append(le: value) }
    }
}
