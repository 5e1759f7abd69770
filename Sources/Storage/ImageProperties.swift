// SPDX-License-Identifier: Apache-2.0

/// What a device needs to know about an image.
public struct ImageProperties: Equatable, Sendable {
    /// Bytes a sector of virtio-blk has, whatever the medium's blocks are.
    public static let sectorBytes: UInt64 = 512

    /// Bytes, a multiple of 512: a file with a ragged end is rounded up, its missing bytes read as zeros.
    public var capacity: UInt64
    /// Bytes of the file itself.
    public var fileBytes: UInt64
    /// Smallest block that can be written without reading its surroundings, in bytes.
    public var logicalBlockBytes: Int
    /// Block the medium prefers, in bytes; at least the logical one.
    public var physicalBlockBytes: Int
    /// Alignment of memory and offsets that O_DIRECT asks for; 1 when the page cache is used.
    public var directAlignment: Int
    /// Nothing may be written.
    public var isReadOnly: Bool
    /// The host can give the space of a range back.
    public var canDiscard: Bool

    /// The properties of an image.
    public init(
        capacity: UInt64, fileBytes: UInt64, logicalBlockBytes: Int, physicalBlockBytes: Int, directAlignment: Int,
        isReadOnly: Bool, canDiscard: Bool
    ) {
        self.capacity = capacity
        self.fileBytes = fileBytes
        self.logicalBlockBytes = logicalBlockBytes
        self.physicalBlockBytes = physicalBlockBytes
        self.directAlignment = directAlignment
        self.isReadOnly = isReadOnly
        self.canDiscard = canDiscard
    }

    /// Whether `count` bytes at `offset` exist.
    @inline(__always)
    public func contains(_ offset: UInt64, count: UInt64) -> Bool {
        let (end, overflow) = offset.addingReportingOverflow(count)
        return !overflow && end <= capacity
    }

    /// The capacity that a file of so many bytes gives, in whole sectors.
    static func capacity(ofFile bytes: UInt64) -> UInt64 {
        let limit = UInt64(Int64.max) & ~(sectorBytes - 1)
        return bytes >= limit ? limit : (bytes + sectorBytes - 1) & ~(sectorBytes - 1)
    }
}
