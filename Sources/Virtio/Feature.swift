// SPDX-License-Identifier: Apache-2.0

/// Feature bits that belong to the transport and the rings, not to a kind of device (virtio 1.2 §6).
public enum Feature {
    /// VIRTIO_F_INDIRECT_DESC.
    public static let indirectDescriptors: UInt64 = 1 << 28
    /// VIRTIO_F_EVENT_IDX.
    public static let eventIndex: UInt64 = 1 << 29
    /// VIRTIO_F_VERSION_1.
    public static let version1: UInt64 = 1 << 32
    /// VIRTIO_F_RING_PACKED.
    public static let packedRing: UInt64 = 1 << 34
    /// What the transport offers for every device whose queues we serve ourselves.
    public static let transport: UInt64 = indirectDescriptors | eventIndex | version1 | packedRing
    /// Bits 24 to 40: no device may offer these itself.
    public static let reserved: UInt64 = ((1 << 41) - 1) & ~((1 << 24) - 1)
}
