// SPDX-License-Identifier: Apache-2.0

/// What a disk asks its driver to keep to.
enum BlockLimits {
    /// Most queues: one a vCPU.
    static let queues = 256
    /// Entries of a request queue.
    static let queueSize: UInt16 = 256
    /// Data segments of one request: a full queue's chain without header and status.
    static let segments = UInt32(queueSize) - 2
    /// Ranges of one discard or write-zeroes request.
    static let ranges = 32
    /// Sectors of one range to discard: 1 GiB.
    static let discardSectors: UInt32 = 1 << 21
    /// Sectors of one range to zero: 64 MiB, so that a host that must write the zeros is not gone for long.
    static let zeroSectors: UInt32 = 1 << 17
    /// Length of what VIRTIO_BLK_T_GET_ID returns (virtio 1.2 §5.2.6).
    static let serialBytes = 20
    /// Completions after which the driver hears of them although there are more requests to serve.
    static let completionsPerFlush = 32
}
