// SPDX-License-Identifier: Apache-2.0

/// Sizes that follow from a header, all powers of two.
struct Qcow2Geometry: Equatable, Sendable {
    let clusterBits: UInt64
    /// log2 of the unit of allocation: a subcluster or a whole cluster.
    let unitBits: UInt64
    let isExtended: Bool
    /// Bit 0 of an entry says zeros.
    let hasZeroFlag: Bool
    let hasDataFile: Bool
    /// log2 of a table's entries.
    let tableBits: UInt64
    /// log2 of the entries of a slice: as much of a table as is read at once.
    let sliceBits: UInt64

    /// Bytes of a table that are read at once, or the whole table where it is smaller.
    static let sliceBytes = 4096

    init(_ header: Qcow2Header) {
        let bits = UInt64(header.clusterBits)
        clusterBits = bits
        isExtended = header.isExtended
        unitBits = header.isExtended ? bits - 5 : bits
        hasZeroFlag = header.version >= 3 && !header.isExtended
        hasDataFile = header.hasDataFile
        let entryBits: UInt64 = header.isExtended ? 4 : 3
        tableBits = bits - entryBits
        sliceBits = min(bits, 12) - entryBits
    }

    var clusterBytes: UInt64 { 1 << clusterBits }
    var clusterMask: UInt64 { (1 << clusterBits) &- 1 }
    var unitBytes: UInt64 { 1 << unitBits }
    var entryBytes: Int { isExtended ? 16 : 8 }
    /// Bytes of a slice.
    var sliceBytes: Int { entryBytes << Int(sliceBits) }
    /// 64-bit words of an entry.
    var entryWords: Int { isExtended ? 2 : 1 }
    /// log2 of the guest bytes that a slice describes.
    var sliceShift: UInt64 { clusterBits &+ sliceBits }
    /// log2 of the guest bytes that a table describes.
    var tableShift: UInt64 { clusterBits &+ tableBits }

    func roundUp(_ bytes: UInt64) -> UInt64 { (bytes &+ clusterMask) & ~clusterMask }
    func clusters(_ bytes: UInt64) -> UInt64 { (bytes >> clusterBits) &+ (bytes & clusterMask == 0 ? 0 : 1) }
}
