// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Testing

private let gib: UInt64 = 1 << 30

@Suite("Guest RAM")
struct GuestRAMTests {
    @Test(
        "an access is RAM with every byte or refused",
        arguments: [
            (0, 1, true), (0, 0, true), (2 * gib - 1, 1, true), (2 * gib - 1, 2, false), (2 * gib - 8, 8, true),
            (2 * gib - 7, 8, false), (2 * gib, 1, false), (2 * gib, 0, true), (2 * gib + 1, 0, false),
            (3 * gib, 4096, false), (4 * gib - 1, 1, false), (4 * gib - 1, 2, false), (4 * gib, 1, true),
            (4 * gib, 8, true), (5 * gib - 1, 1, true), (5 * gib - 1, 2, false), (5 * gib, 0, true),
            (5 * gib, 1, false), (UInt64.max, 1, false), (UInt64.max, 2, false), (UInt64.max - 7, 8, false),
            (UInt64.max - 7, 9, false), (0, -1, false), (0, Int.max, false), (4 * gib, Int.max, false),
            (0, Int(3 * gib), false), (0, Int(5 * gib), false), (1 << 63, 16, false),
        ] as [(UInt64, Int, Bool)])
    func bounds(address: UInt64, count: Int, accepted: Bool) throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 3 * gib))
        let memory = ram.memory
        let at = GuestAddress(address)
        #expect(memory.contains(at, count: count) == accepted)
        #expect((unsafe memory.pointer(at, count: count) != nil) == accepted)
        if !accepted {
            #expect(throws: MemoryError.outOfBounds(at, count: UInt64(truncatingIfNeeded: count))) {
                _ = try unsafe memory.bytes(at: at, count: count)
            }
        }
    }

    @Test("values written on both sides of the hole read back, at any alignment", arguments: [1, 3, 6] as [UInt64])
    func roundTrip(gibibytes: UInt64) throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: gibibytes * gib))
        let memory = ram.memory
        var places: [UInt64] = [0, 1, 4095, memory.layout.lowEnd - 8]
        if memory.layout.end > 4 * gib { places += [4 * gib, 4 * gib + 3, memory.layout.end - 8] }
        for (i, place) in places.enumerated() {
            let value = 0x0123_4567_89AB_CD00 + UInt64(i)
            try memory.write(value, at: GuestAddress(place))
            #expect(try memory.read(UInt64.self, at: GuestAddress(place)) == value)
            #expect(try memory.read(at: GuestAddress(place), count: 1) == [UInt8(i)])
        }
        #expect(memory.layout == RAMLayout(bytes: gibibytes * gib))
    }

    @Test("fresh RAM is zero, cleared RAM and discarded RAM are zero again")
    func zeros() throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 16 << 20))
        let at = GuestAddress(8190), memory = ram.memory
        #expect(try memory.read(at: at, count: 4) == [0, 0, 0, 0])
        try memory.write([1, 2, 3, 4], at: at)
        try memory.clear(at: GuestAddress(8191), count: 2)
        #expect(try memory.read(at: at, count: 4) == [1, 0, 0, 4])
        try ram.discardAll()
        #expect(try memory.read(at: at, count: 4) == [0, 0, 0, 0])
    }

    @Test("a host pointer leads back to its guest address")
    func addressOfPointer() throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 3 * gib))
        for place in [0, 77, 4 * gib + 5] as [UInt64] {
            let pointer = try #require(unsafe ram.memory.pointer(GuestAddress(place), count: 1))
            #expect(unsafe ram.memory.address(of: pointer) == GuestAddress(place))
        }
    }

    @Test("each run's host address is where its bytes are")
    func hostAddresses() throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 3 * gib))
        for region in ram.layout.regions {
            try ram.memory.write(UInt32(0xC0DE), at: region.start)
            let pointer = try #require(UnsafePointer<UInt32>(bitPattern: ram.hostAddress(of: region)))
            #expect(unsafe pointer.pointee == 0xC0DE)
        }
    }

    @Test("prefaulting touches every page and changes none", arguments: [1, 3])
    func prefault(threads: Int) throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 130 << 20))
        try ram.memory.write(UInt8(9), at: GuestAddress(5000))
        try ram.prefault(threads: threads)
        #expect(try ram.memory.read(UInt8.self, at: GuestAddress(5000)) == 9)
        let pages = (130 << 20) / 4096
        var present = [UInt8](repeating: 0, count: pages)
        let region = try #require(ram.layout.regions.first)
        let base = try #require(UnsafeMutableRawPointer(bitPattern: ram.hostAddress(of: region)))
        #expect(unsafe mincore(base, 130 << 20, &present) == 0)
        #expect(present.allSatisfy { $0 & 1 == 1 })
    }

    @Test("less than a page is refused with a remedy")
    func tooSmall() {
        let error = #expect(throws: RAMError.self) { _ = try GuestRAM(layout: RAMLayout(bytes: 100)).layout }
        #expect(error?.description == "Memory of 0 bytes is less than one page; ask for at least 16Mi")
    }

    @Test("a hugetlb pool that is too small is named with its file")
    func poolTooSmall() {
        // 4 TiB of 1 GiB pages is more than any pool the tests run beside.
        let error = #expect(throws: RAMError.self) {
            _ = try GuestRAM(layout: RAMLayout(bytes: 1 << 42), backing: .hugetlb(pageBytes: gib)).layout
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("The hugepages-1Gi pool cannot give 4096 pages ("))
        #expect(text.hasSuffix("raise /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages or ask for less"))
    }

    @Test(
        "a size that is no multiple of the huge page is refused before anything is mapped",
        arguments: [
            (3 << 20, 2 << 20, "Memory of 3145728 bytes is not a multiple of the 2Mi page; round it up"),
            (1 << 30 | 2 << 20, 1 << 30, "Memory of 1075838976 bytes is not a multiple of the 1Gi page; round it up"),
        ] as [(UInt64, UInt64, String)])
    func unaligned(bytes: UInt64, page: UInt64, text: String) {
        let error = #expect(throws: RAMError.self) {
            _ = try GuestRAM(layout: RAMLayout(bytes: bytes), backing: .hugetlb(pageBytes: page)).layout
        }
        #expect(error?.description == text)
    }

    @Test("a NUMA node that the host has not got is named", arguments: [1023, 5000, -1])
    func missingNode(node: Int) {
        let error = #expect(throws: RAMError.self) {
            _ = try GuestRAM(
                layout: RAMLayout(bytes: 16 << 20),
                nodes: [NodeBinding(offset: 0, count: 16 << 20, hostNode: node)]
            ).layout
        }
        #expect(error?.description.hasPrefix("Memory cannot be bound to NUMA node \(node) of the host") == true)
    }
}
