// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A rate kept by all queues of a disk together, in one word and without a lock.
///
/// The word is the time at which the bucket will be full again. Work may start while the bucket holds anything, however
/// much it takes; what it takes too much is waited for by those who come next (the generic cell rate algorithm).
final class RateBucket: Sendable {
    private let perSecond: UInt64
    // What a full bucket is worth, in nanoseconds of flow.
    private let depth: UInt64
    private let fullAt = Atomic<UInt64>(0)
    private static let second: UInt64 = 1_000_000_000

    /// A full bucket into which `perSecond` units flow a second; `burst` units when full.
    init(perSecond: UInt64, burst: UInt64?) {
        self.perSecond = max(perSecond, 1)
        depth = burst.map { RateBucket.nanoseconds($0, perSecond) } ?? RateBucket.second / 10
    }

    /// Nanoseconds from `now` until the bucket holds anything; 0 when it does.
    @inline(__always)
    func delay(now: UInt64) -> UInt64 {
        let full = fullAt.load(ordering: .relaxed)
        guard full > now, full - now >= max(depth, 1) else { return 0 }
        return full - now - max(depth, 1) + 1
    }

    /// Takes `units` out.
    @inline(__always)
    func charge(_ units: UInt64, now: UInt64) {
        let cost = RateBucket.nanoseconds(units, perSecond)
        var seen = fullAt.load(ordering: .relaxed)
        while true {
            let (next, isTooLate) = max(seen, now).addingReportingOverflow(cost)
            let (isMine, original) = fullAt.weakCompareExchange(
                expected: seen, desired: isTooLate ? .max : next, ordering: .relaxed)
            if isMine { return }
            seen = original
        }
    }

    private static func nanoseconds(_ units: UInt64, _ perSecond: UInt64) -> UInt64 {
        let product = units.multipliedFullWidth(by: second)
        let rate = max(perSecond, 1)
        // A century is as good as for ever, and sums of a few of them do not overflow.
        let limit: UInt64 = 100 * 365 * 86_400 * second
        guard product.high < rate else { return limit }
        return min(rate.dividingFullWidth(product).quotient, limit)
    }
}
