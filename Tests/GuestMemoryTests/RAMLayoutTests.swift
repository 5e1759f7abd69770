// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Testing

private let mib: UInt64 = 1 << 20
private let gib: UInt64 = 1 << 30

@Suite("RAM layout")
struct RAMLayoutTests {
    @Test(
        "RAM fills up to 2 GiB and goes on at 4 GiB",
        arguments: [
            (16 * mib, 16 * mib, 4 * gib, 16 * mib, 1), (2 * gib - 4096, 2 * gib - 4096, 4 * gib, 2 * gib - 4096, 1),
            (2 * gib, 2 * gib, 4 * gib, 2 * gib, 1), (2 * gib + 4096, 2 * gib, 4 * gib + 4096, 4 * gib + 4096, 2),
            (6 * gib, 2 * gib, 8 * gib, 8 * gib, 2), (16 * gib, 2 * gib, 18 * gib, 18 * gib, 2),
        ] as [(UInt64, UInt64, UInt64, UInt64, Int)])
    func hole(bytes: UInt64, lowEnd: UInt64, highEnd: UInt64, end: UInt64, regions: Int) {
        let layout = RAMLayout(bytes: bytes)
        #expect(layout.lowEnd == lowEnd)
        #expect(layout.highEnd == highEnd)
        #expect(layout.end == end)
        #expect(layout.regions.count == regions)
        #expect(layout.regions.reduce(0) { $0 + $1.count } == bytes)
        #expect(layout.regions.last?.end == end)
    }

    @Test(
        "sizes are rounded down to pages and limited to 64 TiB",
        arguments: [
            (0, 0), (4095, 0), (4097, 4096), (1 << 46, 1 << 46), (UInt64.max, 1 << 46),
        ] as [(UInt64, UInt64)])
    func rounding(asked: UInt64, got: UInt64) { #expect(RAMLayout(bytes: asked).bytes == got) }

    @Test(
        "a stretch counted without the hole becomes one or two runs",
        arguments: [
            (0, 1 * gib, [(0, 1 * gib)]), (1 * gib, 1 * gib, [(1 * gib, 1 * gib)]),
            (1 * gib, 2 * gib, [(1 * gib, 1 * gib), (4 * gib, 1 * gib)]),
            (2 * gib, 1 * gib, [(4 * gib, 1 * gib)]), (3 * gib, 9 * gib, [(5 * gib, 1 * gib)]),
            (4 * gib, 1, []), (9 * gib, 1, []), (0, 0, []), (UInt64.max, UInt64.max, []),
            (4096, UInt64.max, [(4096, 2 * gib - 4096), (4 * gib, 2 * gib)]),
            (2 * gib - 1, 2, [(2 * gib - 1, 1), (4 * gib, 1)]),
        ] as [(UInt64, UInt64, [(UInt64, UInt64)])])
    func runs(offset: UInt64, count: UInt64, expected: [(UInt64, UInt64)]) {
        let runs = RAMLayout(bytes: 4 * gib).runs(offset: offset, count: count)
        #expect(runs == expected.map { RAMRegion(start: GuestAddress($0.0), count: $0.1) })
    }

    @Test("the 64-bit window lies above all RAM and below what the CPU can address", arguments: [36, 39, 40, 46, 52])
    func window(physicalBits: Int) {
        for bytes in [16 * mib, 2 * gib, 6 * gib, 60 * gib, 1 << 40] as [UInt64] {
            let layout = RAMLayout(bytes: bytes)
            let window = PhysicalMap.pciWindow64(ram: layout, physicalBits: physicalBits)
            #expect(window.lowerBound >= layout.end)
            #expect(window.lowerBound >= 4 * gib)
            #expect(window.isEmpty || window.upperBound <= 1 << UInt64(physicalBits))
        }
    }

    @Test(
        "addresses compare, print and do not wrap",
        arguments: [(0, 5, 5), (UInt64.max, 0, UInt64.max), (UInt64.max, 1, nil)] as [(UInt64, UInt64, UInt64?)])
    func addresses(start: UInt64, bytes: UInt64, end: UInt64?) {
        #expect(GuestAddress(start).advanced(by: bytes) == end.map { GuestAddress($0) })
        #expect(GuestAddress(start).description == "0x" + String(start, radix: 16))
    }
}
