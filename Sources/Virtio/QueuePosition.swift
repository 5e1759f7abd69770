// SPDX-License-Identifier: Apache-2.0

/// How far a device has got in a queue: all that a queue's state is beside guest memory.
public struct QueuePosition: Equatable, Sendable {
    /// Index of the queue in its device.
    public var queue: Int
    /// The next entry to take: of a split ring counted modulo 65536, of a packed ring a `RingPosition`.
    public var nextAvailable: UInt16
    /// The next entry to fill, counted in the same way.
    public var nextUsed: UInt16

    /// A position.
    public init(queue: Int, nextAvailable: UInt16, nextUsed: UInt16) {
        self.queue = queue
        self.nextAvailable = nextAvailable
        self.nextUsed = nextUsed
    }
}
