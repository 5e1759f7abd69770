// SPDX-License-Identifier: Apache-2.0

/// A copy of the fields of `struct virtio_net_hdr` that stands before every frame (virtio 1.2 §5.1.6).
struct NetHeader: BitwiseCopyable {
    /// Bytes in guest memory.
    static let bytes = 12
    /// Where `num_buffers` lies.
    static let bufferCountOffset = 10
    var flags: UInt8 = 0
    var segmentation: UInt8 = 0
    var headerLength: UInt16 = 0
    var segmentSize: UInt16 = 0
    var checksumStart: UInt16 = 0
    var checksumOffset: UInt16 = 0
    var bufferCount: UInt16 = 0

    /// VIRTIO_NET_HDR_F_NEEDS_CSUM.
    static let needsChecksum: UInt8 = 1
    /// VIRTIO_NET_HDR_GSO_ECN, beside the kind of segmentation.
    static let congestion: UInt8 = 0x80

    /// The header to send a driver's frame with, or nil when it asks for what was not negotiated (§5.1.6.2.1).
    ///
    /// Flags that mean nothing in this direction are ignored (§5.1.6.2.2). Whether offsets lie inside the frame is left
    /// to the host's kernel, which checks them against the same copy; a frame it refuses is dropped and counted.
    func sanitized(features: UInt64) -> NetHeader? {
        var header = self
        header.flags = flags & NetHeader.needsChecksum
        header.bufferCount = 0
        if header.flags != 0 && features & NetFeature.checksum == 0 { return nil }
        let hasCongestion = segmentation & NetHeader.congestion != 0
        if hasCongestion && features & NetFeature.hostCongestion == 0 { return nil }
        switch segmentation & ~NetHeader.congestion {
        case 0: return hasCongestion ? nil : header
        case 1: return features & NetFeature.hostTCP4 != 0 ? header : nil
        case 3: return features & NetFeature.hostFragmentation != 0 && !hasCongestion ? header : nil
        case 4: return features & NetFeature.hostTCP6 != 0 ? header : nil
        case 5: return features & NetFeature.hostUDP != 0 && !hasCongestion ? header : nil
        default: return nil
        }
    }
}
