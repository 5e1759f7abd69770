// SPDX-License-Identifier: Apache-2.0

import Runtime

/// What is known outside the pages: each page's last sequence number, each processor's progress, and the first failure.
struct Ledger {
    private let sequences: UInt64
    private let shared: UInt64

    init(pages: Int, processors: Int) throws(Failure) {
        sequences = try Physical.allocate(bytes: pages * 4)
        shared = try Physical.allocate(bytes: (processors + 1) * 64)
    }

    @inline(__always)
    func sequence(_ page: Int) -> UInt32 { Physical.read32(sequences + UInt64(page) * 4) }
    @inline(__always)
    func set(_ page: Int, _ sequence: UInt32) { Physical.write32(sequences + UInt64(page) * 4, sequence) }

    /// 0 fill, 1 run, 2 verify and stop.
    var phase: UInt64 { Physical.read64(shared) }
    func setPhase(_ phase: UInt64) { Physical.write64(shared, phase) }

    /// Records the first page that was not what it should be.
    func fail(address: UInt64, seen: UInt64, wanted: UInt64) {
        Physical.write64(shared + 16, seen)
        Physical.write64(shared + 24, wanted)
        Physical.write64(shared + 8, address | 1)
    }

    /// - Throws: when a processor found a lost or stale page.
    func check() throws(Failure) {
        let address = Physical.read64(shared + 8)
        if address == 0 { return }
        let (seen, wanted) = (Physical.read64(shared + 16), Physical.read64(shared + 24))
        report("result") {
            $0.field("kind", "bad_page")
            $0.hex("address", address & ~4095)
            $0.field("seen", seen)
            $0.field("wanted", wanted)
        }
        throw Failure(seen < wanted ? "stale-page" : "damaged-page", seen: seen, wanted: wanted)
    }

    /// Pages dirtied by a processor, and the last phase it has finished plus one.
    func progress(_ processor: Int) -> (pages: UInt64, finished: UInt64) {
        let entry = shared + UInt64(processor + 1) * 64
        return (Physical.read64(entry), Physical.read64(entry + 8))
    }
    func setPages(_ processor: Int, _ pages: UInt64) { Physical.write64(shared + UInt64(processor + 1) * 64, pages) }
    func setFinished(_ processor: Int, _ phase: UInt64) {
        Physical.write64(shared + UInt64(processor + 1) * 64 + 8, phase + 1)
    }
}
