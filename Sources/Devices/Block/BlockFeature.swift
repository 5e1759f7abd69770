// SPDX-License-Identifier: Apache-2.0

import Storage

/// Feature bits of a disk (virtio 1.2 §5.2.3).
enum BlockFeature {
    /// VIRTIO_BLK_F_SEG_MAX.
    static let segmentMaximum: UInt64 = 1 << 2
    /// VIRTIO_BLK_F_RO.
    static let readOnly: UInt64 = 1 << 5
    /// VIRTIO_BLK_F_BLK_SIZE.
    static let blockSize: UInt64 = 1 << 6
    /// VIRTIO_BLK_F_FLUSH.
    static let flush: UInt64 = 1 << 9
    /// VIRTIO_BLK_F_TOPOLOGY.
    static let topology: UInt64 = 1 << 10
    /// VIRTIO_BLK_F_CONFIG_WCE.
    static let writeCache: UInt64 = 1 << 11
    /// VIRTIO_BLK_F_MQ.
    static let multiQueue: UInt64 = 1 << 12
    /// VIRTIO_BLK_F_DISCARD.
    static let discard: UInt64 = 1 << 13
    /// VIRTIO_BLK_F_WRITE_ZEROES.
    static let writeZeroes: UInt64 = 1 << 14

    /// What a disk over this image offers.
    static func offered(for image: ImageProperties, queues: Int = 1) -> UInt64 {
        let always = segmentMaximum | blockSize | flush | topology | (queues > 1 ? multiQueue : 0)
        if image.isReadOnly { return always | readOnly }
        return always | writeCache | writeZeroes | (image.canDiscard ? discard : 0)
    }
}
