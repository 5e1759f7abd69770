// SPDX-License-Identifier: Apache-2.0

/// Reproducible random numbers: SplitMix64.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The dice of one round: they depend on nothing but the run's seed and the round's number, so that one round can be
    /// repeated alone.
    init(seed: UInt64, round: Int) {
        var outer = Dice(seed: seed &+ UInt64(round) &* 0xD1B5_4A32_D192_ED03)
        state = outer.next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in a closed range.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func one<T>(of choices: [T]) -> T { choices[number(0...choices.count - 1)] }

    mutating func chance(_ part: Int, in whole: Int) -> Bool { number(1...whole) <= part }

    /// Microseconds up to a limit, short ones as likely as long ones.
    mutating func microseconds(upTo limit: Int) -> Int {
        let bits = number(0...(Int.bitWidth - limit.leadingZeroBitCount))
        return min(number(0...(1 << bits)), limit)
    }
}
