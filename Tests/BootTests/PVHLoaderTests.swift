// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Testing

@testable import Boot

@Suite("An ELF kernel by PVH")
struct PVHLoaderTests {
    @Test("the kernel is entered in flat 32-bit mode with the start info in EBX")
    func entry() throws {
        let kernel = SyntheticKernel.elf()
        try BootFixture.boot(kernel) { entry, memory in
            #expect(entry.entryProtocol == .pvh)
            #expect(entry.rip == 0x100_0010)
            #expect(entry.rbx == 0x6000)
            #expect(entry.cr0 == 0x11 && entry.cr4 == 0 && entry.efer == 0)
            #expect(entry.code.is32Bit && !entry.code.isLong)
            #expect(entry.task.limit == 0x67)
            let text = try memory.read(at: GuestAddress(0x100_0000), count: 0x1000)
            #expect(text == Array(kernel[0x1000...]))
            let code = try memory.read(UInt64.self, at: GuestAddress(entry.gdtBase + 0x10))
            #expect(code == 0x00CF_9B00_0000_FFFF)
        }
    }

    @Test("the start info names command line, memory map, RSDP and the initrd as a module")
    func startInfo() throws {
        try BootFixture.boot(SyntheticKernel.elf(), initrd: [1, 2, 3], commandLine: "quiet") { entry, memory in
            let info = try memory.read(at: GuestAddress(entry.rbx), count: 56)
            #expect(info.load(UInt32.self, at: 0) == 0x336E_C578)
            #expect(info.load(UInt32.self, at: 4) == 1)
            #expect(info.load(UInt32.self, at: 12) == 1)
            let module = try memory.read(at: GuestAddress(info.load(UInt64.self, at: 16) ?? 0), count: 32)
            #expect(module.load(UInt64.self, at: 8) == 3)
            #expect(try memory.read(at: GuestAddress(module.load(UInt64.self, at: 0) ?? 0), count: 3) == [1, 2, 3])
            let line = try memory.read(at: GuestAddress(info.load(UInt64.self, at: 24) ?? 0), count: 6)
            #expect(line == Array("quiet\0".utf8))
            #expect(info.load(UInt64.self, at: 32) == 0xE_0000)
            let map = try memory.read(at: GuestAddress(info.load(UInt64.self, at: 40) ?? 0), count: 24)
            #expect(info.load(UInt32.self, at: 48) == 7)
            #expect(map.load(UInt64.self, at: 8) == 0x9_FC00)
        }
    }

    @Test("a note of four bytes serves as well as one of eight, and other owners' notes are passed over")
    func notes() {
        var notes: [UInt8] = []
        for value in [4, 4, 18] as [UInt32] { notes.append(le: value) }
        notes += Array("GNU\0".utf8) + [1, 2, 3, 4]
        for value in [4, 4, 18] as [UInt32] { notes.append(le: value) }
        notes += Array("Xen\0".utf8)
        notes.append(le: UInt32(0x123456))
        #expect(ELFKernel.entryNote(in: notes, alignment: 4) == 0x123456)
    }
}
