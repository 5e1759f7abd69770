// SPDX-License-Identifier: Apache-2.0

/// Feature bits of a balloon (virtio 1.2 §5.5.3).
public enum BalloonFeature {
    /// VIRTIO_BALLOON_F_STATS_VQ: the driver tells its memory statistics.
    public static let statistics: UInt64 = 1 << 1
    /// VIRTIO_BALLOON_F_DEFLATE_ON_OOM: the driver takes pages back when it runs out of memory.
    public static let deflateOnOOM: UInt64 = 1 << 2
    /// VIRTIO_BALLOON_F_PAGE_REPORTING: the driver reports pages that it does not use.
    public static let pageReporting: UInt64 = 1 << 5
}
