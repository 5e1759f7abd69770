// SPDX-License-Identifier: Apache-2.0

import Runtime

/// The contents of one page: its sequence number, a checksum over number and address, and 510 words that follow from both.
enum Page {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let words = 512

    /// Writes the page for this sequence number.
    @inline(__always)
    static func write(_ address: UInt64, sequence: UInt64) {
        guard let page = Physical.pointer(address)?.assumingMemoryBound(to: UInt64.self) else { return }
        let seed = Random.mix(address ^ Random.mix(sequence))
        page[0] = sequence
        page[1] = seed
        for index in 2..<words { page[index] = seed &+ UInt64(index) &* step }
    }

    /// Whether the whole page is what was last written.
    @inline(__always)
    static func verify(_ address: UInt64, sequence: UInt64) -> Bool {
        guard let page = Physical.pointer(address)?.assumingMemoryBound(to: UInt64.self) else { return false }
        let seed = Random.mix(address ^ Random.mix(sequence))
        var difference = (page[0] ^ sequence) | (page[1] ^ seed)
        for index in 2..<words { difference |= page[index] ^ (seed &+ UInt64(index) &* step) }
        return difference == 0
    }
}
