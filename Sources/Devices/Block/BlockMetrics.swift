// SPDX-License-Identifier: Apache-2.0

/// What a disk has done since it was made; raised by its worker, read by anyone.
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
        public let reads: UInt64
        /// Write requests that went well.
        public let writes: UInt64
        /// Bytes those reads brought.
        public let bytesRead: UInt64
        /// Bytes those writes stored.
        public let bytesWritten: UInt64
        /// Flush requests that went well.
        public let flushes: UInt64
        /// Discard requests that went well.
        public let discards: UInt64
        /// Write-zeroes requests that went well.
        public let zeroings: UInt64
        /// Requests the host failed, such as ENOSPC or EIO.
        public let failures: UInt64
        /// Requests answered with an error without asking the host.
        public let refusals: UInt64
        /// Chains without a byte to answer in, and queues given up.
        public let malformed: UInt64
    }

    /// The numbers now.
    public var snapshot: Snapshot {
        Snapshot(
            reads: reads.value, writes: writes.value, bytesRead: bytesRead.value, bytesWritten: bytesWritten.value,
            flushes: flushes.value, discards: discards.value, zeroings: zeroings.value, failures: failures.value,
            refusals: refusals.value, malformed: malformed.value)
    }
}
