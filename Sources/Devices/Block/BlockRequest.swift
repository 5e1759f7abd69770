// SPDX-License-Identifier: Apache-2.0

import Storage

/// What a driver asks a disk to do, judged by the lengths and the header of its chain alone.
///
/// The layout is free (virtio 1.2 §2.7.4.1): the header is the first 16 readable bytes, the status the last writable
/// byte, and data whatever lies between, however many descriptors that makes. Consequences of what a hostile or broken
/// driver can send, each for this request only:
///
/// | chain | consequence |
/// |---|---|
/// | no writable byte | nowhere to answer: the chain is returned with nothing written |
/// | fewer than 16 readable bytes | VIRTIO_BLK_S_IOERR |
/// | data of no whole number of sectors, or not all on the disk | VIRTIO_BLK_S_IOERR |
/// | a write, discard or write-zeroes to a read-only disk | VIRTIO_BLK_S_IOERR |
/// | a discard or write-zeroes without ranges, with part of one, or with more than 32 | VIRTIO_BLK_S_IOERR |
/// | a discard or write-zeroes that was not negotiated, a type nobody knows | VIRTIO_BLK_S_UNSUPP |
/// | data on the wrong side (readable in a read, writable in a write) | is ignored |
enum BlockRequest: Equatable {
    /// VIRTIO_BLK_T_IN.
    case read(offset: UInt64, count: Int)
    /// VIRTIO_BLK_T_OUT.
    case write(offset: UInt64, count: Int)
    /// VIRTIO_BLK_T_FLUSH.
    case flush
    /// VIRTIO_BLK_T_GET_ID: as many bytes of the serial as there is room for.
    case identify(count: Int)
    /// VIRTIO_BLK_T_DISCARD with so many ranges.
    case discard(ranges: Int)
    /// VIRTIO_BLK_T_WRITE_ZEROES with so many ranges.
    case writeZeroes(ranges: Int)
    /// Answered without asking the image.
    case refused(BlockStatus)

    /// Judges a request.
    /// - Parameters:
    ///   - header: nil when fewer than 16 bytes are readable.
    ///   - readable: readable bytes of the chain, the header included.
    ///   - writable: writable bytes of the chain, the status included; at least 1.
    ///   - features: what was negotiated.
    static func parse(
        _ header: BlockHeader?, readable: Int, writable: Int, features: UInt64, image: ImageProperties
    ) -> BlockRequest {
        guard let header, readable >= BlockHeader.bytes, writable >= 1 else { return .refused(.failed) }
        let incoming = readable &- BlockHeader.bytes
        let outgoing = writable &- 1
        switch header.type {
        case 0:
            guard let offset = place(header.sector, outgoing, image) else { return .refused(.failed) }
            return .read(offset: offset, count: outgoing)
        case 1:
            guard !image.isReadOnly, let offset = place(header.sector, incoming, image) else {
                return .refused(.failed)
            }
            return .write(offset: offset, count: incoming)
        case 4: return .flush
        case 8: return .identify(count: min(outgoing, BlockLimits.serialBytes))
        case 11, 13:
            if image.isReadOnly { return .refused(.failed) }
            let isDiscard = header.type == 11
            guard features & (isDiscard ? BlockFeature.discard : BlockFeature.writeZeroes) != 0 else {
                return .refused(.unsupported)
            }
            let ranges = incoming / BlockRange.bytes
            guard ranges > 0, ranges <= BlockLimits.ranges, incoming % BlockRange.bytes == 0 else {
                return .refused(.failed)
            }
            return isDiscard ? .discard(ranges: ranges) : .writeZeroes(ranges: ranges)
        default: return .refused(.unsupported)
        }
    }

    // The byte offset of a run of whole sectors that lies on the disk, or nil.
    private static func place(_ sector: UInt64, _ count: Int, _ image: ImageProperties) -> UInt64? {
        guard count & 511 == 0, sector <= image.capacity / ImageProperties.sectorBytes else { return nil }
        let offset = sector &* ImageProperties.sectorBytes
        return image.contains(offset, count: UInt64(truncatingIfNeeded: count)) ? offset : nil
    }
}
