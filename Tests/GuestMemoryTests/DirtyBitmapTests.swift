// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Testing

private let gib: UInt64 = 1 << 30

@Suite("Dirty bitmap")
struct DirtyBitmapTests {
    @Test(
        "a write marks every page it touches and no other",
        arguments: [
            (0, 1, [0]), (4095, 1, [0]), (4095, 2, [0, 1]), (4096, 4096, [1]), (4096, 4097, [1, 2]),
            (63 * 4096, 8192, [63, 64]), (0, 0, []), (4 * gib - 1, 2, []),  // not RAM: nothing written
            (4 * gib, 1, [4 * gib / 4096]), (4 * gib + 64 * 4096 - 1, 2, [4 * gib / 4096 + 63, 4 * gib / 4096 + 64]),
        ] as [(UInt64, Int, [UInt64])])
    func marks(address: UInt64, count: Int, pages: [UInt64]) throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 3 * gib), tracksWrites: true)
        try? ram.memory.write([UInt8](repeating: 1, count: count), at: GuestAddress(address))
        #expect(taken(ram.memory) == pages)
        #expect(taken(ram.memory) == [])
    }

    @Test("typed writes, clears and explicit marks count; reads do not")
    func kinds() throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 16 << 20), tracksWrites: true)
        let memory = ram.memory
        _ = try memory.read(UInt64.self, at: GuestAddress(0))
        _ = try unsafe memory.bytes(at: GuestAddress(0), count: 8192)
        #expect(taken(memory) == [])
        try memory.write(UInt16(1), at: GuestAddress(4095))
        try memory.clear(at: GuestAddress(5 * 4096), count: 1)
        memory.markDirty(GuestAddress(9 * 4096), count: 1)
        #expect(taken(memory) == [0, 1, 5, 9])
    }

    @Test(
        "marks beyond the bitmap are ignored",
        arguments: [(UInt64.max, 1), (UInt64.max, Int.max), (1 << 62, 4096), (UInt64.max - 4095, 4096)]
            as [(UInt64, Int)])
    func beyond(address: UInt64, count: Int) throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 16 << 20), tracksWrites: true)
        ram.memory.markDirty(GuestAddress(address), count: count)
        #expect(taken(ram.memory) == [])
        let bitmap = try #require(ram.memory.dirty)
        #expect(bitmap.take(word: -1) == 0)
        #expect(bitmap.take(word: Int.max) == 0)
    }

    @Test("threads that mark neighbouring pages lose no bit")
    func threads() throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 16 << 20), tracksWrites: true)
        let memory = ram.memory
        let other = try OSThread(name: "marker") {
            for page in stride(from: UInt64(1), to: 4096, by: 2) {
                memory.markDirty(GuestAddress(page * 4096), count: 1)
            }
        }
        for page in stride(from: UInt64(0), to: 4096, by: 2) { memory.markDirty(GuestAddress(page * 4096), count: 1) }
        other.join()
        #expect(taken(memory) == Array(0..<4096))
    }

    @Test("without tracking there is no bitmap")
    func untracked() throws {
        let ram = try GuestRAM(layout: RAMLayout(bytes: 16 << 20))
        #expect(ram.memory.dirty == nil)
    }

    private func taken(_ memory: GuestMemory) -> [UInt64] {
        guard let dirty = memory.dirty else { return [] }
        var pages: [UInt64] = []
        for word in 0...Int(memory.layout.end >> 18) {
            let bits = dirty.take(word: word)
            for bit in 0..<64 where bits & 1 << UInt64(bit) != 0 { pages.append(UInt64(word * 64 + bit)) }
        }
        return pages
    }
}
