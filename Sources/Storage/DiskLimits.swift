// SPDX-License-Identifier: Apache-2.0

/// The rates that one disk may not exceed, shared by all its queues.
public final class DiskLimits: Sendable {
    private let requests: RateBucket?
    private let bytes: RateBucket?

    /// One limit: what flows into its bucket a second, and what the bucket holds (nil: a tenth of a second's flow).
    public struct Rate: Sendable {
        let perSecond: UInt64
        let burst: UInt64?

        /// A rate; a burst of 0 is one of 1.
        public init(perSecond: UInt64, burst: UInt64? = nil) {
            self.perSecond = perSecond
            self.burst = burst.map { max($0, 1) }
        }
    }

    /// Limits of requests and of bytes read and written; nil when there is nothing to limit.
    public init?(requests: Rate?, bytes: Rate?) {
        guard requests != nil || bytes != nil else { return nil }
        self.requests = requests.map { RateBucket(perSecond: $0.perSecond, burst: $0.burst) }
        self.bytes = bytes.map { RateBucket(perSecond: $0.perSecond, burst: $0.burst) }
    }

    /// Nanoseconds until the next request may start.
    @inline(__always)
    func delay(now: UInt64) -> UInt64 { max(requests?.delay(now: now) ?? 0, bytes?.delay(now: now) ?? 0) }

    /// Notes a request that starts.
    @inline(__always)
    func charge(_ operation: BlockOperation, now: UInt64) {
        requests?.charge(1, now: now)
        switch operation {
        case .read(_, _, let count), .write(_, _, let count, _): bytes?.charge(count, now: now)
        case .flush, .discard, .writeZeroes: break
        }
    }
}
