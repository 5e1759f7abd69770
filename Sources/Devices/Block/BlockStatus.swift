// SPDX-License-Identifier: Apache-2.0

/// The last byte of a request as the device leaves it (virtio 1.2 §5.2.6).
enum BlockStatus: UInt8 {
    /// VIRTIO_BLK_S_OK.
    case ok = 0
    /// VIRTIO_BLK_S_IOERR.
    case failed = 1
    /// VIRTIO_BLK_S_UNSUPP.
    case unsupported = 2
}
