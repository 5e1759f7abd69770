// SPDX-License-Identifier: Apache-2.0

/// Sizes of frames between a card and its port, in bytes.
public enum FrameLimits {
    /// `struct virtio_net_hdr` with `num_buffers` (virtio 1.2 §5.1.6).
    public static let headerBytes = 12
    /// Ethernet's own header.
    public static let ethernetBytes = 14
    /// The largest frame with its header: 64 KiB of segments, Ethernet's header and a VLAN tag (§5.1.6.3.1).
    public static let largestBytes = 12 + 14 + 4 + 65_536

    /// The largest frame that is no segment of a longer one, with its header; a VLAN tag makes it four bytes longer than
    /// its MTU says.
    public static func ordinaryBytes(mtu: UInt16?) -> Int { headerBytes + ethernetBytes + 4 + Int(mtu ?? .max) }
}
