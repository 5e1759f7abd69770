// SPDX-License-Identifier: Apache-2.0

/// What a stretch of a disk is made of.
enum ExtentKind: UInt8, Sendable {
    /// The table that says so is not in memory.
    case unknown
    /// Nothing here: the backing file's bytes, or zeros.
    case unallocated
    /// Zeros.
    case zero
    /// Bytes of the data file.
    case data
    /// Part of one compressed cluster.
    case compressed
    /// The table makes no sense.
    case invalid
}

/// A stretch of a disk of one kind.
struct Extent: Equatable, Sendable {
    var kind: ExtentKind
    /// Bytes.
    var count: UInt64
    /// For data, where they start in the data file; for a compressed cluster, its entry.
    var host: UInt64 = 0

    static let unknown = Extent(kind: .unknown, count: 0)
}
