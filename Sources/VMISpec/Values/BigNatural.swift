// SPDX-License-Identifier: Apache-2.0

/// A natural number of any size, with just the arithmetic that reading a quantity takes.
struct BigNatural: Equatable {
    /// Base 2^32, least significant first, no leading zero limb.
    private var limbs: [UInt32] = []

    init() {}

    /// A number that is not negative, times a billion if asked for.
    init(_ value: Int64, billionfold: Bool) {
        var rest = value.magnitude
        while rest > 0 {
            limbs.append(UInt32(truncatingIfNeeded: rest))
            rest >>= 32
        }
        if billionfold { multiply(by: 1_000_000_000) }
    }

    var isZero: Bool { limbs.isEmpty }

    mutating func multiply(by factor: UInt32) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            // (2^32-1)^2 + 2^32-1 fits 64 bits.
            let product = UInt64(limbs[index]) * UInt64(factor) + carry
            limbs[index] = UInt32(truncatingIfNeeded: product)
            carry = product >> 32
        }
        if carry > 0 { limbs.append(UInt32(carry)) }
    }

    mutating func add(_ value: UInt32) {
        var carry = UInt64(value)
        for index in limbs.indices where carry > 0 {
            let sum = UInt64(limbs[index]) + carry
            limbs[index] = UInt32(truncatingIfNeeded: sum)
            carry = sum >> 32
        }
        if carry > 0 { limbs.append(UInt32(carry)) }
    }

    /// Divides in place and returns the remainder; the divisor is not zero.
    mutating func divide(by divisor: UInt32) -> UInt32 {
        var remainder: UInt64 = 0
        for index in limbs.indices.reversed() {
            let part = remainder << 32 | UInt64(limbs[index])
            limbs[index] = UInt32(truncatingIfNeeded: part / UInt64(divisor))
            remainder = part % UInt64(divisor)
        }
        while limbs.last == 0 { limbs.removeLast() }
        return UInt32(remainder)
    }

    /// The number as 128 bits, if it is not above `limit`, which itself fits them.
    func value(atMost limit: BigNatural) -> Int128? {
        guard limbs.count <= limit.limbs.count, limbs.count <= 3 else { return nil }
        let mine = packed
        return mine <= limit.packed ? mine : nil
    }

    /// The lowest three limbs; no more are ever asked for.
    private var packed: Int128 {
        limbs.prefix(3).reversed().reduce(Int128(0)) { $0 << 32 | Int128($1) }
    }
}
