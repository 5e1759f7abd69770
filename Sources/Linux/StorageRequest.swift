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
