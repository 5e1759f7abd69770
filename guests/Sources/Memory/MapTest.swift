// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Every RAM range holds what is written to its ends, no two ranges are the same memory, and holes read as all ones.
struct MapTest {
    private static let pageBytes: UInt64 = 4096
    /// ECAM begins here; devices' windows lie above it.
    private static let ecam: UInt64 = 0xB000_0000
    private let machine: Machine

    init(_ machine: Machine) {
        self.machine = machine
    }

    func run() throws(Failure) {
        guard !machine.memory.isEmpty else { throw Failure("no-memory-map") }
        var total: UInt64 = 0
        for range in machine.memory {
            report("result") {
                $0.field("kind", "range")
                $0.hex("start", range.start)
                $0.hex("end", range.end)
                $0.field("type", UInt64(range.kind))
            }
            if range.isRAM { total += range.bytes }
        }
        let pages = ends()
        try exercise(pages)
        report("result") {
            $0.field("kind", "ram")
            $0.field("bytes", total)
            $0.field("pages_tested", pages.count)
        }
        try readHoles()
    }

    /// First and last page of each range; where the payload itself lies, the first page after it.
    private func ends() -> [UInt64] {
        var pages: [UInt64] = []
        for range in machine.memory where range.isRAM && range.bytes >= MapTest.pageBytes {
            var first = (range.start + 4095) & ~4095
            let last = (range.end & ~4095) - MapTest.pageBytes
            if first < machine.freeStart, range.end > hw_image_start() { first = machine.freeStart }
            if first <= last { pages.append(first) }
            if last > first { pages.append(last) }
        }
        return pages
    }

    /// Fills every page with its own pattern before any is checked, then puts back what was there.
    private func exercise(_ pages: [UInt64]) throws(Failure) {
        let saved = try Physical.allocate(bytes: pages.count * 4096)
        for index in pages.indices {
            for offset in stride(from: UInt64(0), to: 4096, by: 8) {
                Physical.write64(saved + UInt64(index) * 4096 + offset, Physical.read64(pages[index] + offset))
            }
        }
        for page in pages {
            for offset in stride(from: UInt64(0), to: 4096, by: 8) {
                Physical.write64(page + offset, Random.mix(page + offset))
            }
        }
        var failure: Failure?
        for page in pages {
            for offset in stride(from: UInt64(0), to: 4096, by: 8)
            where Physical.read64(page + offset) != Random.mix(page + offset) {
                failure = Failure("ram-does-not-hold", seen: page + offset, wanted: Random.mix(page + offset))
            }
        }
        for index in pages.indices {
            for offset in stride(from: UInt64(0), to: 4096, by: 8) {
                Physical.write64(pages[index] + offset, Physical.read64(saved + UInt64(index) * 4096 + offset))
            }
        }
        if let failure { throw failure }
    }

    /// Just after the last range below ECAM, and just after the last range of all when that is above 4 GiB.
    private func readHoles() throws(Failure) {
        var low: UInt64 = 0
        var high: UInt64 = 1 << 32
        for range in machine.memory {
            if range.end <= MapTest.ecam { low = max(low, range.end) }
            if range.isRAM { high = max(high, range.end) }
        }
        low = (low + 4095) & ~4095
        if low + MapTest.pageBytes <= MapTest.ecam { try readHole(low) }
        try readHole(high)
    }

    private func readHole(_ address: UInt64) throws(Failure) {
        try AddressSpace.map(from: address, to: address + MapTest.pageBytes)
        let nothing: UInt64 = machine.arguments.has("hole", "zeroes") ? 0 : .max
        for round in 0..<2 {
            for offset in [UInt64(0), 8, 0xFF8] {
                let at = address + offset
                guard hw_load64(at) == nothing, hw_load32(at) == UInt32(truncatingIfNeeded: nothing),
                    hw_load16(at) == UInt16(truncatingIfNeeded: nothing),
                    hw_load8(at) == UInt8(truncatingIfNeeded: nothing)
                else {
                    throw Failure(round == 0 ? "hole-is-not-empty" : "hole-remembers", seen: hw_load64(at), wanted: at)
                }
                hw_store64(at, 0x1122_3344_5566_7788)
                hw_store8(at, 0x55)
            }
        }
        report("result") {
            $0.field("kind", "hole")
            $0.hex("address", address)
        }
    }
}
