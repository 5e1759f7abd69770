// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Testing

@testable import Boot

@Suite("A bzImage by the 64-bit boot protocol")
struct LinuxLoaderTests {
    @Test("the kernel lies at its preferred address and is entered at startup_64 in long mode")
    func entry() throws {
        let kernel = SyntheticKernel.bzImage()
        try BootFixture.boot(kernel) { entry, memory in
            #expect(entry.entryProtocol == .linux64)
            #expect(entry.rip == 0x100_0200)
            #expect(entry.rsi == 0x7000)
            #expect(entry.cr0 & 0x8000_0001 == 0x8000_0001)
            #expect(entry.cr4 & 0x20 != 0)
            #expect(entry.efer == 0x500)
            #expect(entry.code.isLong && entry.code.selector == 0x10)
            #expect(entry.data.selector == 0x18)
            let payload = try memory.read(at: GuestAddress(0x100_0000), count: 0x1000)
            #expect(payload == Array(kernel[5 * 512..<5 * 512 + 0x1000]))
        }
    }

    @Test("the zero page carries header, command line, memory map and RSDP")
    func zeroPage() throws {
        try BootFixture.boot(SyntheticKernel.bzImage(), commandLine: "root=/dev/vda ro") { entry, memory in
            let page = try memory.read(at: GuestAddress(entry.rsi), count: 4096)
            #expect(page.load(UInt32.self, at: 0x202) == 0x5372_6448)
            #expect(page[0x210] == 0xFF)
            #expect(page[0x1EF] == 0)
            #expect(page.load(UInt64.self, at: 0x70) == 0xE_0000)
            let line = try memory.read(at: GuestAddress(UInt64(page.load(UInt32.self, at: 0x228) ?? 0)), count: 17)
            #expect(line == Array("root=/dev/vda ro".utf8) + [0])
            #expect(page[0x1E8] == 7)
            #expect(page.load(UInt64.self, at: 0x2D0) == 0)
            #expect(page.load(UInt64.self, at: 0x2D8) == 0x9_FC00)
            #expect(page.load(UInt32.self, at: 0x2E0) == 1)
        }
    }

    @Test("page tables map four GiB onto themselves and the GDT agrees with the segments")
    func tables() throws {
        try BootFixture.boot(SyntheticKernel.bzImage()) { entry, memory in
            for address in [0, 0x20_0000, 0x100_0200, 0x7FFF_FFFF, 0xFFFF_FFFF] as [UInt64] {
                #expect(try walk(address, root: entry.cr3, in: memory) == address)
            }
            let code = try memory.read(UInt64.self, at: GuestAddress(entry.gdtBase + 0x10))
            let data = try memory.read(UInt64.self, at: GuestAddress(entry.gdtBase + 0x18))
            #expect(code == 0x00AF_9B00_0000_FFFF)
            #expect(data == 0x00CF_9300_0000_FFFF)
            #expect(entry.gdtLimit == 47)
        }
    }

    /// Walks four-level page tables down to a 2 MiB page.
    private func walk(_ address: UInt64, root: UInt64, in memory: GuestMemory) throws -> UInt64? {
        var table = root
        for shift in [39, 30, 21] as [UInt64] {
            let entry = try memory.read(UInt64.self, at: GuestAddress(table + (address >> shift & 511) * 8))
            guard entry & 1 == 1 else { return nil }
            if shift == 21 { return entry & 0x80 != 0 ? (entry & ~0x1F_FFFF) + (address & 0x1F_FFFF) : nil }
            table = entry & ~0xFFF
        }
        return nil
    }

    @Test(
        "an initrd lies as high as the kernel takes it",
        arguments: [(64, 0x7FFF_FFFF, 0x3FF_D000), (64, 0x2FF_FFFF, 0x2FF_D000), (3072, 0x7FFF_FFFF, 0x7FFF_D000)])
    func initrd(mebibytes: Int, limit: Int, expected: Int) throws {
        let initrd = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let kernel = SyntheticKernel.bzImage(initrdMax: UInt32(limit))
        try BootFixture.boot(kernel, initrd: initrd, mebibytes: UInt64(mebibytes)) { entry, memory in
            let page = try memory.read(at: GuestAddress(entry.rsi), count: 4096)
            #expect(page.load(UInt32.self, at: 0x218) == UInt32(expected))
            #expect(page.load(UInt32.self, at: 0x21C) == 10_000)
            #expect(try memory.read(at: GuestAddress(UInt64(expected)), count: 10_000) == initrd)
        }
    }

    @Test("an initrd goes above 4 GiB only when the kernel says it can")
    func highInitrd() throws {
        let memory = RAMLayout(bytes: 4 << 30)
        var placement = InitrdPlacement(
            limit: 0x8000_0000, above4GiB: true, kernel: 0x100_0000..<0x200_0000, lowEnd: memory.lowEnd, memory: memory)
        let bytes: UInt64 = 0x7F00_0000
        #expect(try placement.address(for: bytes) == memory.end - bytes)
        placement.above4GiB = false
        #expect(throws: BootError.initrdDoesNotFit(bytes: bytes, below: 0x8000_0000, memory: 4 << 30)) {
            try placement.address(for: bytes)
        }
    }

    @Test("RAM above 4 GiB is in the map behind the hole")
    func highMemory() throws {
        try BootFixture.boot(SyntheticKernel.bzImage(), mebibytes: 5120) { entry, memory in
            let page = try memory.read(at: GuestAddress(entry.rsi), count: 4096)
            let last = 0x2D0 + (Int(page[0x1E8]) - 1) * 20
            #expect(page.load(UInt64.self, at: last) == 0x1_0000_0000)
            #expect(page.load(UInt64.self, at: last + 8) == 3 << 30)
        }
    }

    @Test(
        "the memory map rises, never overlaps, and counts all RAM but the first MiB's holes",
        arguments: [16, 64, 2048, 2049, 8192] as [UInt64])
    func map(mebibytes: UInt64) {
        let memory = RAMLayout(bytes: mebibytes << 20)
        let map = E820Entry.map(of: memory)
        for (lower, upper) in zip(map, map.dropFirst()) { #expect(lower.range.upperBound <= upper.range.lowerBound) }
        let ram = map.filter { $0.kind == .ram }.reduce(0) { $0 + ($1.range.upperBound - $1.range.lowerBound) }
        #expect(ram == memory.bytes - (0x10_0000 - 0x9_FC00))
    }

    @Test("tables of thousands of CPUs lie at the end of low RAM, marked as ACPI data, with the initrd below them")
    func manyCPUs() throws {
        try BootFixture.boot(SyntheticKernel.bzImage(), initrd: [1, 2, 3], cpus: 3000) { entry, memory in
            let page = try memory.read(at: GuestAddress(entry.rsi), count: 4096)
            let map = (0..<Int(page[0x1E8])).map { index in
                (
                    page.load(UInt64.self, at: 0x2D0 + index * 20), page.load(UInt64.self, at: 0x2D8 + index * 20),
                    page.load(UInt32.self, at: 0x2E0 + index * 20)
                )
            }
            let high = try #require(map.last { $0.2 == 3 })
            let start = try #require(high.0)
            #expect(start > 0x10_0000)
            #expect(start + (high.1 ?? 0) == memory.layout.lowEnd)
            #expect(page.load(UInt32.self, at: 0x218).map(UInt64.init) == start - 0x1000)
            let rsdp = try memory.read(at: GuestAddress(0xE_0000), count: 36)
            let xsdt = try #require(rsdp.load(UInt64.self, at: 24))
            #expect(xsdt > start)
            let head = try memory.read(at: GuestAddress(xsdt), count: 4)
            #expect(head == Array("XSDT".utf8))
        }
    }

    @Test("a guest too small for the tables is refused")
    func tiny() throws {
        let platform = PlatformDescription(
            cpus: [.init(apicID: 0)], memory: RAMLayout(bytes: 4096), physicalBits: 46)
        let ram = try GuestRAM(layout: platform.memory)
        let kernel = try BootFixture.file(SyntheticKernel.bzImage())
        let error = #expect(throws: BootError.self) {
            try BootFixture.load(kernel, nil, "", platform, ram.memory)
        }
        #expect(error?.description.contains("The firmware tables need") == true)
    }
}
