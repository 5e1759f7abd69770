// SPDX-License-Identifier: Apache-2.0

/// What a port has carried since it was made; raised by the console's worker, read by anyone.
public final class PortMetrics: Sendable {
    /// The numbers at one moment.
    public struct Snapshot: Equatable, Sendable {
        /// Bytes that went to the guest.
        public var bytesIn: UInt64 = 0
        /// Bytes that came from the guest and went on.
        public var bytesOut: UInt64 = 0
        /// Bytes from the guest that nobody was there to take.
        public var bytesDropped: UInt64 = 0
        /// Connections that the port has had.
        public var connections: UInt64 = 0
    }

    let bytesIn = Counter()
    let bytesOut = Counter()
    let bytesDropped = Counter()
    let connections = Counter()

    /// The numbers now.
    public var snapshot: Snapshot {
        Snapshot(
            bytesIn: bytesIn.value, bytesOut: bytesOut.value, bytesDropped: bytesDropped.value,
            connections: connections.value)
    }
}
