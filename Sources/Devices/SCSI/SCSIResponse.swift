// SPDX-License-Identifier: Apache-2.0

/// The `response` byte of a request (virtio 1.2 §5.6.6.1, §5.6.6.2).
enum SCSIResponse: UInt8 {
    /// VIRTIO_SCSI_S_OK, and FUNCTION_COMPLETE of task management.
    case ok = 0
    /// VIRTIO_SCSI_S_OVERRUN: the command moves more bytes than the driver gave room for.
    case overrun = 1
    /// VIRTIO_SCSI_S_ABORTED.
    case aborted = 2
    /// VIRTIO_SCSI_S_BAD_TARGET.
    case badTarget = 3
    /// VIRTIO_SCSI_S_RESET.
    case reset = 4
    /// VIRTIO_SCSI_S_FAILURE.
    case failure = 9
    /// VIRTIO_SCSI_S_FUNCTION_REJECTED.
    case rejected = 11
    /// VIRTIO_SCSI_S_INCORRECT_LUN.
    case noUnit = 12
}

/// The `status` byte of a command (SAM-4 §5.3).
enum SCSIStatus: UInt8 {
    case good = 0
    case checkCondition = 2
}
