// SPDX-License-Identifier: Apache-2.0

/// The header of a qcow2 image and what its extensions say, every number judged (qcow2, "Header").
public struct Qcow2Header: Equatable, Sendable {
    /// "QFI\xfb".
    public static let magic: UInt32 = 0x5146_49FB
    /// The largest L1 table that is read, as QEMU has it: 32 MiB.
    public static let maximumL1Bytes: UInt64 = 32 << 20
    /// The largest refcount table that is read, as QEMU has it: 8 MiB.
    public static let maximumRefcountTableBytes: UInt64 = 8 << 20
    /// The most internal snapshots, as QEMU has it.
    public static let maximumSnapshots = 65_536

    /// 2 or 3.
    public var version = 3
    /// The cluster's size is 1 << `clusterBits` bytes; 9 to 21.
    public var clusterBits = 16
    /// Size of the virtual disk in bytes.
    public var size: UInt64 = 0
    /// Entries of the active L1 table.
    public var l1Count = 0
    /// Where the active L1 table starts, in bytes.
    public var l1Offset: UInt64 = 0
    /// Where the refcount table starts, in bytes.
    public var refcountTableOffset: UInt64 = 0
    /// Clusters of the refcount table.
    public var refcountTableClusters = 0
    /// Internal snapshots.
    public var snapshotCount = 0
    /// Where the snapshot table starts, in bytes.
    public var snapshotsOffset: UInt64 = 0
    /// Bits that must be understood.
    public var incompatible: UInt64 = 0
    /// Bits that may be ignored.
    public var compatible: UInt64 = 0
    /// Bits that a writer who does not know them clears.
    public var autoclear: UInt64 = 0
    /// A refcount has 1 << `refcountOrder` bits; 0 to 6.
    public var refcountOrder = 4
    /// Bytes before the extensions.
    public var headerBytes = 104
    /// How compressed clusters are compressed.
    public var compression = Qcow2Compression.zlib
    /// The backing file's name as it is written in the image.
    public var backing: String?
    /// The backing file's format; nil when the image does not say.
    public var backingFormat: String?
    /// The external data file's name; nil when the image does not say.
    public var dataFile: String?
    /// Where persistent bitmaps are.
    public var bitmaps: Qcow2BitmapDirectory?

    /// A header of nothing yet.
    public init() {}

    /// Bytes of a cluster.
    public var clusterBytes: UInt64 { 1 << UInt64(clusterBits) }
    /// Whether L2 entries describe subclusters.
    public var isExtended: Bool { incompatible & Qcow2Feature.extendedL2 != 0 }
    /// Whether guest clusters lie in a file of their own.
    public var hasDataFile: Bool { incompatible & Qcow2Feature.externalData != 0 }
    /// Whether that file is kept a raw image by itself.
    public var dataFileIsRaw: Bool { hasDataFile && autoclear & Qcow2Feature.rawExternalData != 0 }

    /// L1 entries that a virtual size needs; nil beyond any table.
    static func l1Count(for size: UInt64, clusterBits: Int, isExtended: Bool) -> Int? {
        let shift = UInt64(clusterBits + clusterBits - (isExtended ? 4 : 3))
        let count = (size >> shift) + (size & ((1 << shift) - 1) == 0 ? 0 : 1)
        return count <= maximumL1Bytes / 8 ? Int(count) : nil
    }
}

/// Where persistent bitmaps are (qcow2, "Bitmaps extension").
public struct Qcow2BitmapDirectory: Equatable, Sendable {
    /// Bitmaps.
    public var count: Int
    /// Bytes of the directory.
    public var bytes: UInt64
    /// Where it starts, in bytes.
    public var offset: UInt64
}
