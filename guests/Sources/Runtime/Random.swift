// SPDX-License-Identifier: Apache-2.0

/// SplitMix64: small, seeded, the same on every run.
public struct Random {
    private var state: UInt64

    /// A generator that gives the same numbers for the same seed.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next 64 bits.
    @inline(__always)
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Random.mix(state)
    }

    /// A number below `bound`, which is not zero.
    @inline(__always)
    public mutating func below(_ bound: UInt64) -> UInt64 {
        next() % bound
    }

    /// Scatters a number over 64 bits.
    @inline(__always)
    public static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
