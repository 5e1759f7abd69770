// SPDX-License-Identifier: Apache-2.0

import Storage

/// One range of a discard or write-zeroes request: `struct virtio_blk_discard_write_zeroes` (virtio 1.2 §5.2.6).
struct BlockRange: BitwiseCopyable {
    /// Bytes in guest memory.
    static let bytes = 16
    private var rawSector: UInt64
    private var rawCount: UInt32
    private var rawFlags: UInt32

    /// A range.
    init(sector: UInt64 = 0, count: UInt32 = 0, flags: UInt32 = 0) {
        rawSector = sector.littleEndian
        rawCount = count.littleEndian
        rawFlags = flags.littleEndian
    }

    /// The same as sector, number of sectors and flags.
    var words: [UInt64] {
        [
            UInt64(littleEndian: rawSector), UInt64(UInt32(littleEndian: rawCount)),
            UInt64(UInt32(littleEndian: rawFlags)),
        ]
    }

    /// The range of three such words; nil when one is too large.
    init?(words: ArraySlice<UInt64>) {
        guard words.count == 3, let sector = words.first, let count = UInt32(exactly: words[words.startIndex + 1]),
            let flags = UInt32(exactly: words[words.startIndex + 2])
        else { return nil }
        self.init(sector: sector, count: count, flags: flags)
    }

    /// First byte; meaningful once `verdict` said `.ok`.
    var offset: UInt64 { UInt64(littleEndian: rawSector) &* ImageProperties.sectorBytes }
    /// Length in bytes.
    var byteCount: UInt64 { UInt64(UInt32(littleEndian: rawCount)) &* ImageProperties.sectorBytes }
    /// Bit 0 of the flags: the space may be given back.
    var unmap: Bool { UInt32(littleEndian: rawFlags) & 1 != 0 }

    /// What becomes of the request because of this range (§5.2.6.2): an unknown flag, or unmap in a discard, is
    /// unsupported; a range longer than the configuration allows, or not all on the disk, fails.
    func verdict(forDiscard: Bool, of image: ImageProperties) -> BlockStatus {
        let flags = UInt32(littleEndian: rawFlags)
        if flags & ~(forDiscard ? 0 : 1) != 0 { return .unsupported }
        let limit = forDiscard ? BlockLimits.discardSectors : BlockLimits.zeroSectors
        guard UInt32(littleEndian: rawCount) <= limit else { return .failed }
        let sector = UInt64(littleEndian: rawSector)
        guard sector <= image.capacity / ImageProperties.sectorBytes else { return .failed }
        return image.contains(offset, count: byteCount) ? .ok : .failed
    }
}
