// SPDX-License-Identifier: Apache-2.0

/// What a socket device has done beside the kernel, which counts no packets; raised by its worker, read by anyone.
public final class VsockMetrics: Sendable {
    let announced = Counter()
    let malformed = Counter()

    /// Times the driver was told that all connections are gone.
    public var resetsAnnounced: UInt64 { announced.value }
    /// Buffers for events that cannot hold one, and rings that were left because they are broken.
    public var malformedRings: UInt64 { malformed.value }
}
