// SPDX-License-Identifier: Apache-2.0

/// Sizes of frames between a card and its port, in bytes.
public enum FrameLimits {
    /// `struct virtio_net_hdr` with `num_buffers` (virtio 1.2 §5.1.6).
    public static let headerBytes = 12
    /// Ethernet's own header.
    public static let ethernetBytes = 14
    /// The largest frame with its header: 64 KiB of segments, Ethernet's header and a VLAN tag (§5.1.6.3.1).
    public static let largestBytes = 12 + 14 + 4 + 65_536
}
