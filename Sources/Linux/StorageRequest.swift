// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// The ioctls of block devices, for those who filter them.
public enum StorageRequest {
    /// BLKDISCARD.
    public static let discard = CLINUX_BLKDISCARD
    /// BLKZEROOUT.
    public static let zeroOut = CLINUX_BLKZEROOUT
    /// BLKGETSIZE64.
    public static let size = CLINUX_BLKGETSIZE64
    /// What a block device is asked before it is used: size, blocks, whether it discards, whether it is a SCSI device.
    public static let examining = [size, CLINUX_BLKSSZGET, CLINUX_BLKPBSZGET, discard, CLINUX_SG_GET_VERSION]
    /// SG_IO.
    public static let scsiCommand = CLINUX_SG_IO
    /// The mode of `fallocate` that gives space back.
    public static let punchHole = UInt32(bitPattern: CLINUX_PUNCH_HOLE)
    /// The command of `fcntl` that duplicates a descriptor (F_DUPFD_CLOEXEC).
    public static let duplicate: UInt32 = 1030
    /// The command of `fcntl` that takes a lock of an open file (F_OFD_SETLK).
    public static let setLock: UInt32 = 37
    /// The command of `fcntl` that looks for a lock of another open file (F_OFD_GETLK).
    public static let seeLock: UInt32 = 36
}

/// The ioctls of a tap, for those who filter them.
public enum TapRequest {
    /// TUNSETOFFLOAD.
    public static let setOffload = CLINUX_TUNSETOFFLOAD
    /// TUNSETQUEUE.
    public static let setQueue = CLINUX_TUNSETQUEUE
    /// TUNSETTXFILTER.
    public static let setFilter = CLINUX_TUNSETTXFILTER
    /// TUNSETCARRIER.
    public static let setCarrier = CLINUX_TUNSETCARRIER
}

/// The ioctls of a terminal, for those who filter them.
public enum TerminalRequest {
    /// What `tcsetattr` makes of TCSADRAIN: TCSETSW, and TCGETS in newer C libraries.
    public static let restore = [UInt(TCSETSW), UInt(TCGETS)]
}
