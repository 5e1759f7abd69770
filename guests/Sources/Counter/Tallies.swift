// SPDX-License-Identifier: Apache-2.0

import Runtime

/// What each processor remembers of its own ticks, twice over, in a cache line of its own.
struct Tallies {
    private static let seal: UInt64 = 0xA905_0000_5EA1_ED00
    private let address: UInt64

    init(capacity: Int) throws(Failure) {
        address = try Physical.allocate(bytes: (capacity + 1) * 64)
        for index in 0..<capacity { record(index, 0) }
    }

    /// Whether the processors are to tick.
    var isRunning: Bool { Physical.read64(address) != 0 }

    func setRunning(_ running: Bool) {
        Physical.write64(address, running ? 1 : 0)
    }

    /// Written by its own processor only.
    func record(_ index: Int, _ ticks: UInt64) {
        let entry = address + UInt64(index + 1) * 64
        Physical.write64(entry + 8, 1)
        Physical.write64(entry + 16, ticks)
        Physical.write64(entry + 24, ticks ^ Tallies.seal)
        Physical.write64(entry + 8, 0)
    }

    /// Compares every tally with its seal and with the interrupts counted, and gives the smallest number of ticks.
    /// - Throws: when one is damaged or ahead of the interrupts.
    func check(_ processors: [Processor], _ vector: UInt8) throws(Failure) -> UInt64 {
        var slowest = UInt64.max
        for processor in processors {
            let entry = address + UInt64(processor.index + 1) * 64
            let (ticks, sealed) = (Physical.read64(entry + 16), Physical.read64(entry + 24))
            let undisturbed = Physical.read64(entry + 8) == 0 && Physical.read64(entry + 16) == ticks
            let counted = processor.slot(vector).count
            if undisturbed, Physical.read64(entry + 24) == sealed, sealed ^ Tallies.seal != ticks {
                throw Failure("tally-damaged", seen: sealed ^ Tallies.seal, wanted: ticks)
            }
            if ticks > counted, undisturbed, Physical.read64(entry + 16) == ticks {
                throw Failure("tally-ahead", seen: ticks, wanted: counted)
            }
            slowest = min(slowest, counted)
        }
        return slowest
    }
}
