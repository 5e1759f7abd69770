// SPDX-License-Identifier: Apache-2.0

/// A write into clusters that no table names yet, from its planning to its link.
struct PendingWrite: Equatable, Sendable {
    /// First guest cluster.
    var cluster: UInt64
    /// Guest clusters.
    var count: UInt64
    /// Where the first of them lies in the data file, in bytes.
    var host: UInt64
    /// The clusters are new, not the ones the entries already have.
    var isNew: Bool
    /// The new clusters read as zeros.
    var isFresh: Bool
    /// Guest bytes that the entries will say are stored; what the guest does not write of them is filled.
    var stored: Range<UInt64>
    /// Units outside `stored` keep what the entry says of them.
    var keepsOthers: Bool

    @inline(__always)
    func overlaps(_ first: UInt64, _ last: UInt64) -> Bool { cluster <= last && first < cluster &+ count }
}

/// How a write is to be done, up to where that changes.
enum WritePlan: Sendable {
    /// Straight to `host`, so many bytes.
    case inPlace(host: UInt64, count: UInt64)
    /// So many bytes with others around them, and then a `link`.
    case allocate(PendingWrite, count: UInt64)
    /// Somebody else is writing into the first cluster for the first time: until `links` is no longer this.
    case wait(UInt32)
}
