// SPDX-License-Identifier: Apache-2.0

/// What a disk carries to another host beside its transport's state: queues are idle when it is taken.
public struct BlockState: Equatable, Sendable {
    /// Bytes the driver was told the disk has.
    public var capacity: UInt64
    /// The driver trusts its flushes (virtio 1.2 §5.2.4, writeback).
    public var writeCache: Bool

    /// A state.
    public init(capacity: UInt64, writeCache: Bool) {
        self.capacity = capacity
        self.writeCache = writeCache
    }
}
