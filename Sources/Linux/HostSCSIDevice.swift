// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A SCSI device of the host behind an open block device, which takes commands as they are (SG_IO, `sg(4)`).
///
/// The kernel lets an unprivileged process send only commands that do not reconfigure the device.
public final class HostSCSIDevice: Sendable {
    /// What became of a command.
    public struct Outcome: Equatable, Sendable {
        /// SCSI status (SAM-4 §5.3).
        public var status: UInt8
        /// Bytes of sense data.
        public var senseBytes: Int
        /// Bytes of data that were not moved.
        public var residual: Int

        /// An outcome.
        public init(status: UInt8, senseBytes: Int = 0, residual: Int = 0) {
            self.status = status
            self.senseBytes = senseBytes
            self.residual = residual
        }
    }

    private let file: FileDescriptor
    /// How long a command may take, in milliseconds.
    private static let patience: UInt32 = 30_000

    /// Takes the descriptor over; nil when it is no SCSI device.
    public init?(_ file: consuming FileDescriptor) {
        var version: Int32 = 0
        guard unsafe clinux_ioctl_pointer(file.raw, CLINUX_SG_GET_VERSION, &version) == 0, version >= 30_000 else {
            return nil
        }
        self.file = file
    }

    /// Sends a command and waits for its end.
    /// - Parameters:
    ///   - block: the command block.
    ///   - data: where data come from or go to; `count` is their length in bytes.
    ///   - isWrite: the data go to the device.
    ///   - sense: takes the sense data.
    /// - Throws: `Errno` of `ioctl`, EPERM for a command the kernel does not let through; EIO when the adapter failed.
    public func send(
        _ block: UnsafeRawBufferPointer, _ data: IOSpan, count: Int, isWrite: Bool,
        sense: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Outcome {
        guard let bytes = UInt32(exactly: count), let segments = UInt16(exactly: data.count),
            let length = UInt8(exactly: block.count)
        else { throw Errno(code: EINVAL, call: "ioctl SG_IO") }
        var (status, senseBytes, residual): (UInt8, UInt8, Int32) = (0, 0, 0)
        // SAFETY: all memory outlives the call, which is told its lengths.
        let r = unsafe clinux_scsi_command(
            file.raw, block.baseAddress, length, count == 0 ? 0 : isWrite ? 1 : 2, data.base, segments, bytes,
            sense.baseAddress, UInt8(clamping: sense.count), HostSCSIDevice.patience, &status, &senseBytes, &residual)
        try Errno.check(r, "ioctl SG_IO")
        return Outcome(status: status, senseBytes: Int(senseBytes), residual: Int(max(residual, 0)))
    }
}
