// SPDX-License-Identifier: Apache-2.0

import Record

/// What the guest sees on the bus.
public enum DiskKind: String, RecordField, Sendable {
    /// A disk.
    case disk
    /// A SCSI device of the host whose commands pass through.
    case lun
    /// A CD-ROM drive, with or without media.
    case cdrom
}
