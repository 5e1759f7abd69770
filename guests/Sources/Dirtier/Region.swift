// SPDX-License-Identifier: Apache-2.0

import Runtime

/// The pages under test: RAM from a start address on, numbered without the holes.
struct Region {
    private let ranges: [MemoryRange]
    /// How many pages there are.
    let pages: Int

    init(_ memory: [MemoryRange], start: UInt64, bytes: UInt64) throws(Failure) {
        var chosen: [MemoryRange] = []
        var wanted = bytes & ~4095
        for range in memory where range.isRAM && range.end > start {
            let first = (max(range.start, start) + 4095) & ~4095
            let last = range.end & ~4095
            guard last > first, wanted > 0 else { continue }
            let length = min(last - first, wanted)
            chosen.append(MemoryRange(start: first, bytes: length))
            wanted -= length
        }
        ranges = chosen
        pages = chosen.reduce(0) { $0 + Int($1.bytes / 4096) }
        if pages == 0 { throw Failure("no-memory-to-dirty", seen: start, wanted: bytes) }
    }

    /// The address of a page.
    @inline(__always)
    func address(_ page: Int) -> UInt64 {
        var offset = UInt64(page) * 4096
        for range in ranges {
            if offset < range.bytes { return range.start + offset }
            offset -= range.bytes
        }
        return 0
    }
}
