// SPDX-License-Identifier: Apache-2.0

/// Feature bits of a SCSI controller (virtio 1.2 §5.6.3).
enum SCSIFeature {
    /// VIRTIO_SCSI_F_HOTPLUG: units come and go.
    static let hotPlug: UInt64 = 1 << 1
    /// VIRTIO_SCSI_F_CHANGE: units change their size.
    static let change: UInt64 = 1 << 2
    /// All that is offered. Data in both directions (VIRTIO_SCSI_F_INOUT) is not: no command here has them.
    static let offered = hotPlug | change
}
