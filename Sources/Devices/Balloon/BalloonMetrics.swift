// SPDX-License-Identifier: Apache-2.0

/// What a balloon has done since it was made; raised by its worker, read by anyone.
public final class BalloonMetrics: Sendable {
    /// The numbers at one moment.
    public struct Snapshot: Equatable, Sendable {
        /// Pages of 4 KiB the guest put in.
        public var inflated: UInt64 = 0
        /// Pages it took out again.
        public var deflated: UInt64 = 0
        /// Bytes of free memory it reported.
        public var reportedBytes: UInt64 = 0
        /// Bytes given back to the host, by the balloon and by reports.
        public var discardedBytes: UInt64 = 0
        /// Pages and ranges that are no RAM, or that the host would not take.
        public var refusals: UInt64 = 0
        /// How often statistics came.
        public var statistics: UInt64 = 0
    }

    let inflated = Counter()
    let deflated = Counter()
    let reportedBytes = Counter()
    let discardedBytes = Counter()
    let refusals = Counter()
    let statistics = Counter()

    /// The numbers now.
    public var snapshot: Snapshot {
        Snapshot(
            inflated: inflated.value, deflated: deflated.value, reportedBytes: reportedBytes.value,
            discardedBytes: discardedBytes.value, refusals: refusals.value, statistics: statistics.value)
    }
}
