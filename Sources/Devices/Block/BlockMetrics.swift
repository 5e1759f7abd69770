// SPDX-License-Identifier: Apache-2.0

/// What a queue of a disk has done since it was made; raised by its worker, read by anyone.
public final class BlockMetrics: Sendable {
    let reads = Counter()
    let writes = Counter()
    let bytesRead = Counter()
    let bytesWritten = Counter()
    let flushes = Counter()
    let discards = Counter()
    let zeroings = Counter()
    let failures = Counter()
    let refusals = Counter()
    let malformed = Counter()

    /// The numbers at one moment, each exact by itself.
    public struct Snapshot: Equatable, Sendable {
        /// Read requests that went well.
        public var reads: UInt64 = 0
        /// Write requests that went well.
        public var writes: UInt64 = 0
        /// Bytes those reads brought.
        public var bytesRead: UInt64 = 0
        /// Bytes those writes stored.
        public var bytesWritten: UInt64 = 0
        /// Flush requests that went well.
        public var flushes: UInt64 = 0
        /// Discard requests that went well.
        public var discards: UInt64 = 0
        /// Write-zeroes requests that went well.
        public var zeroings: UInt64 = 0
        /// Requests the host failed, such as ENOSPC or EIO.
        public var failures: UInt64 = 0
        /// Requests answered with an error without asking the host.
        public var refusals: UInt64 = 0
        /// Chains without a byte to answer in, and queues given up.
        public var malformed: UInt64 = 0

        /// Nothing done.
        init() {}

        /// The numbers of two queues together.
        static func + (a: Snapshot, b: Snapshot) -> Snapshot {
            var sum = a
            sum.reads &+= b.reads
            sum.writes &+= b.writes
            sum.bytesRead &+= b.bytesRead
            sum.bytesWritten &+= b.bytesWritten
            sum.flushes &+= b.flushes
            sum.discards &+= b.discards
            sum.zeroings &+= b.zeroings
            sum.failures &+= b.failures
            sum.refusals &+= b.refusals
            sum.malformed &+= b.malformed
            return sum
        }
    }

    /// The numbers now.
    public var snapshot: Snapshot {
        var now = Snapshot()
        now.reads = reads.value
        now.writes = writes.value
        now.bytesRead = bytesRead.value
        now.bytesWritten = bytesWritten.value
        now.flushes = flushes.value
        now.discards = discards.value
        now.zeroings = zeroings.value
        now.failures = failures.value
        now.refusals = refusals.value
        now.malformed = malformed.value
        return now
    }
}
