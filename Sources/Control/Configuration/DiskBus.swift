// SPDX-License-Identifier: Apache-2.0

import Record

/// The controller that a disk hangs on.
public enum DiskBus: String, RecordField, Sendable {
    /// A virtio-blk device of its own (virtio 1.2 §5.2).
    case virtio
    /// A unit of the machine's virtio-scsi controller (virtio 1.2 §5.6).
    case scsi
}
