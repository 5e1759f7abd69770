// SPDX-License-Identifier: Apache-2.0

import Storage

/// `struct virtio_blk_config` as the driver reads it (virtio 1.2 §5.2.4).
struct BlockConfiguration {
    /// Offset of the only field a driver may write.
    static let writeCacheOffset = 32
    private var fields = ConfigurationBytes(count: 60)

    /// The structure for an image of `capacity` bytes now.
    init(_ image: ImageProperties, capacity: UInt64, writeCache: Bool, queues: Int) {
        let logical = max(image.logicalBlockBytes, 512)
        let ratio = max(image.physicalBlockBytes / logical, 1)
        fields.put(capacity / ImageProperties.sectorBytes, at: 0)
        fields.put(BlockLimits.segments, at: 12)
        fields.put(UInt32(truncatingIfNeeded: logical), at: 20)
        // physical_block_exp, then min_io_size and opt_io_size in logical blocks.
        fields.put(UInt8(truncatingIfNeeded: ratio.trailingZeroBitCount), at: 24)
        fields.put(UInt16(truncatingIfNeeded: ratio), at: 26)
        fields.put(UInt8(writeCache ? 1 : 0), at: BlockConfiguration.writeCacheOffset)
        fields.put(UInt16(clamping: queues), at: 34)
        guard !image.isReadOnly else { return }
        if image.canDiscard {
            fields.put(BlockLimits.discardSectors, at: 36)
            fields.put(UInt32(BlockLimits.ranges), at: 40)
            fields.put(UInt32(truncatingIfNeeded: image.physicalBlockBytes / 512), at: 44)
        }
        fields.put(BlockLimits.zeroSectors, at: 48)
        fields.put(UInt32(BlockLimits.ranges), at: 52)
        fields.put(UInt8(image.canDiscard ? 1 : 0), at: 56)
    }

    /// Reads `size` bytes.
    func read(at offset: Int, size: Int) -> UInt64 { fields.read(at: offset, size: size) }
}
