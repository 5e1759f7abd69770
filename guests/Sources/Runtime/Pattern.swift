// SPDX-License-Identifier: Apache-2.0

/// Data that follows from a seed, word by word, so that any byte out of place shows.
public enum Pattern {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Fills memory; `bytes` is a multiple of 8.
    public static func fill(_ address: UInt64, bytes: Int, seed: UInt64) {
        guard let words = Physical.pointer(address)?.assumingMemoryBound(to: UInt64.self) else { return }
        let first = Random.mix(seed)
        for index in 0..<(bytes / 8) { words[index] = first &+ UInt64(index) &* step }
    }

    /// Whether memory is as filled.
    public static func matches(_ address: UInt64, bytes: Int, seed: UInt64) -> Bool {
        guard let words = Physical.pointer(address)?.assumingMemoryBound(to: UInt64.self) else { return false }
        let first = Random.mix(seed)
        var difference: UInt64 = 0
        for index in 0..<(bytes / 8) { difference |= words[index] ^ (first &+ UInt64(index) &* step) }
        return difference == 0
    }

    /// Whether memory is all zeroes.
    public static func isZero(_ address: UInt64, bytes: Int) -> Bool {
        guard let words = Physical.pointer(address)?.assumingMemoryBound(to: UInt64.self) else { return false }
        var difference: UInt64 = 0
        for index in 0..<(bytes / 8) { difference |= words[index] }
        return difference == 0
    }
}
