// SPDX-License-Identifier: Apache-2.0

/// The first 16 bytes of a request: a copy of the fields of `struct virtio_blk_req` (virtio 1.2 §5.2.6).
struct BlockHeader: BitwiseCopyable {
    /// Bytes in guest memory.
    static let bytes = 16
    private var rawType: UInt32
    private var reserved: UInt32
    private var rawSector: UInt64

    /// A header.
    init(type: UInt32, sector: UInt64) {
        rawType = type.littleEndian
        reserved = 0
        rawSector = sector.littleEndian
    }

    /// VIRTIO_BLK_T_*.
    var type: UInt32 { UInt32(littleEndian: rawType) }
    /// Where the data goes, in units of 512 bytes.
    var sector: UInt64 { UInt64(littleEndian: rawSector) }
}
