// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A token bucket as one number: when it would be full again. What is missing from it is that time less now.
struct TokenBucket: ~Copyable, Sendable {
    // In 1/256 ns, so that a byte at 100 Gbit/s still costs something; 64 bits last two years.
    private static let unit = 256.0
    private let fullAt = Atomic<UInt64>(0)
    private let cost: Double
    private let depth: UInt64

    init(_ bucket: FrameRate.Bucket) {
        cost = 1e9 * TokenBucket.unit / Double(max(bucket.perSecond, 1))
        depth = UInt64(min(cost * Double(max(bucket.burst, 1)), 1e18))
    }

    /// Nanoseconds until a token is there.
    @inline(__always)
    func delay(at now: UInt64) -> UInt64 {
        let time = now << 8
        let full = fullAt.load(ordering: .relaxed)
        guard full > time, full &- time >= max(depth, 1) else { return 0 }
        return (full &- time &- depth) >> 8 &+ 1
    }

    /// Takes tokens, also those that are not there yet.
    @inline(__always)
    func charge(_ count: Int, at now: UInt64) {
        let time = now << 8
        let price = UInt64(min(cost * Double(max(count, 0)), 1e18))
        var seen = fullAt.load(ordering: .relaxed)
        while true {
            let next = max(seen, time).addingReportingOverflow(price)
            let (done, found) = fullAt.weakCompareExchange(
                expected: seen, desired: next.overflow ? .max : next.partialValue, ordering: .relaxed)
            if done { return }
            seen = found
        }
    }
}
