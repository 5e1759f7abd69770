// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// The plan by which an ELF64 kernel with a PVH note is loaded (ELF-64 object file format; Xen docs/misc/pvh).
struct ELFKernel: Equatable {
    /// One PT_LOAD segment.
    struct Segment: Equatable {
        /// Where its bytes start in the file.
        var fileOffset: UInt64
        /// How many bytes the file has.
        var fileBytes: UInt64
        /// Where it goes in guest memory, the part without file bytes included.
        var memory: Range<UInt64>
    }

    /// The segments in file order; at least one.
    var segments: [Segment]
    /// The 32-bit entry point of `XEN_ELFNOTE_PHYS32_ENTRY`.
    var entry: UInt64

    /// From the lowest to the highest address of all segments.
    var memory: Range<UInt64> {
        let start = segments.map(\.memory.lowerBound).min() ?? 0
        return start..<max(start, segments.map(\.memory.upperBound).max() ?? 0)
    }

    private static let programHeaderBytes = 56
    private static let mostProgramHeaders = 128
    private static let mostNoteBytes: UInt64 = 1 << 20

    /// Reads the program headers and notes of a file that begins with the ELF magic.
    /// - Throws: `BootError` for another class, byte order or machine, a truncated file, or no PVH note.
    init(head: [UInt8], file: borrowing FileDescriptor, fileBytes: UInt64) throws(BootError) {
        guard head.count >= 64 else { throw .truncated(.kernel, promised: 64, actual: UInt64(head.count)) }
        guard head[5] == 1 else { throw .notAKernel("is a big-endian ELF file; give an x86-64 vmlinux") }
        let machine = head.load(UInt16.self, at: 18) ?? 0
        guard machine == 62 else {
            throw .notAKernel("is an ELF file for \(Self.name(ofMachine: machine)); give an x86-64 vmlinux")
        }
        guard head[4] == 2 else { throw .notAKernel("is a 32-bit ELF file; give an x86-64 vmlinux") }
        let type = head.load(UInt16.self, at: 16) ?? 0
        guard type == 2 || type == 3 else {
            throw .notAKernel(
                type == 1
                    ? "is an ELF object file; give a linked vmlinux" : "is an ELF file of type \(type); give a vmlinux")
        }
        let tableOffset = head.load(UInt64.self, at: 32) ?? 0
        let count = Int(head.load(UInt16.self, at: 56) ?? 0)
        guard head.load(UInt16.self, at: 54) == UInt16(Self.programHeaderBytes), count > 0,
            count <= Self.mostProgramHeaders
        else { throw .malformed("its ELF header names \(count) program headers of a strange size or number") }
        let table = try Self.bytes(of: file, fileBytes, at: tableOffset, count: UInt64(count * Self.programHeaderBytes))

        segments = []
        var entry: UInt64?
        for index in 0..<count {
            let header = Array(table[index * Self.programHeaderBytes..<(index + 1) * Self.programHeaderBytes])
            let kind = header.load(UInt32.self, at: 0) ?? 0
            let offset = header.load(UInt64.self, at: 8) ?? 0
            let inFile = header.load(UInt64.self, at: 32) ?? 0
            if kind == 1 {
                if let segment = try Self.segment(header, offset: offset, inFile: inFile, fileBytes: fileBytes) {
                    segments.append(segment)
                }
            } else if kind == 4, entry == nil {
                guard inFile <= Self.mostNoteBytes else { throw .malformed("its ELF notes have \(inFile) bytes") }
                let notes = try Self.bytes(of: file, fileBytes, at: offset, count: inFile)
                entry = Self.entryNote(in: notes, alignment: header.load(UInt64.self, at: 48) == 8 ? 8 : 4)
            }
        }
        guard !segments.isEmpty else { throw .malformed("its ELF file has nothing to load") }
        guard let entry else {
            throw .unsupported("has no PVH entry point; build vmlinux with CONFIG_PVH=y or give the bzImage")
        }
        guard entry <= UInt64(UInt32.max), segments.contains(where: { $0.memory.contains(entry) }) else {
            throw .malformed("its PVH entry 0x\(String(entry, radix: 16)) is outside its segments")
        }
        self.entry = entry
    }

    private static func segment(
        _ header: [UInt8], offset: UInt64, inFile: UInt64, fileBytes: UInt64
    ) throws(BootError) -> Segment? {
        let address = header.load(UInt64.self, at: 24) ?? 0
        let inMemory = header.load(UInt64.self, at: 40) ?? 0
        if inMemory == 0 { return nil }
        guard inFile <= inMemory else { throw .malformed("a segment has more bytes in the file than in memory") }
        let (fileEnd, fileOverflow) = offset.addingReportingOverflow(inFile)
        let (memoryEnd, memoryOverflow) = address.addingReportingOverflow(inMemory)
        guard !fileOverflow, !memoryOverflow else { throw .malformed("a segment ends beyond the address space") }
        guard inFile == 0 || fileEnd <= fileBytes else {
            throw .truncated(.kernel, promised: fileEnd, actual: fileBytes)
        }
        return Segment(fileOffset: offset, fileBytes: inFile, memory: address..<memoryEnd)
    }

    private static func bytes(
        of file: borrowing FileDescriptor, _ fileBytes: UInt64, at offset: UInt64, count: UInt64
    ) throws(BootError) -> [UInt8] {
        let end = offset.addingSaturated(count)
        guard end <= fileBytes, let size = Int(exactly: count) else {
            throw .truncated(.kernel, promised: end, actual: fileBytes)
        }
        return try file.bootBytes(.kernel, at: offset, count: size)
    }

    /// The value of the note `XEN_ELFNOTE_PHYS32_ENTRY` (18) of owner `Xen`, four or eight bytes.
    static func entryNote(in notes: [UInt8], alignment: Int) -> UInt64? {
        func aligned(_ value: Int) -> Int { (value + alignment - 1) & ~(alignment - 1) }
        var at = 0
        while let nameBytes = notes.load(UInt32.self, at: at), let bodyBytes = notes.load(UInt32.self, at: at + 4),
            let type = notes.load(UInt32.self, at: at + 8)
        {
            let body = aligned(at + 12 + Int(nameBytes))
            let next = aligned(body + Int(bodyBytes))
            guard next > at, body + Int(bodyBytes) <= notes.count else { return nil }
            if type == 18, Array(notes[at + 12..<at + 12 + Int(nameBytes)]) == Array("Xen\0".utf8) {
                if bodyBytes == 4 { return notes.load(UInt32.self, at: body).map(UInt64.init) }
                if bodyBytes == 8 { return notes.load(UInt64.self, at: body) }
            }
            at = next
        }
        return nil
    }

    private static func name(ofMachine machine: UInt16) -> String {
        switch machine {
        case 3: "32-bit x86"
        case 8: "MIPS"
        case 20: "32-bit PowerPC"
        case 21: "PowerPC"
        case 22: "s390x"
        case 40: "32-bit ARM"
        case 183: "ARM64"
        case 243: "RISC-V"
        case 258: "LoongArch"
        default: "machine \(machine)"
        }
    }
}
