// SPDX-License-Identifier: Apache-2.0

/// What a SCSI controller asks its driver to keep to.
public enum SCSILimits {
    /// Entries of each queue.
    static let queueSize: UInt16 = 256
    /// Most request queues: one a vCPU.
    public static let queues = 256
    /// Logical units of the one target, 0 to 255: peripheral device addressing (SAM-4 §4.6.7).
    public static let units = 256
    /// Data segments of one request: a full queue's chain without header and response.
    static let segments = UInt32(queueSize) - 2
    /// Commands the driver may have in flight for a unit.
    static let commandsPerUnit: UInt32 = 128
    /// Bytes of a command block as both sides begin (virtio 1.2 §5.6.4); the driver may ask for less.
    static let commandBytes = 32
    /// Bytes of sense data as both sides begin (§5.6.4).
    static let senseBytes = 96
    /// Bytes of an event (§5.6.6.3).
    static let eventBytes = 16
    /// Ranges of one UNMAP.
    static let ranges = 32
    /// Bytes of one range to unmap: 1 GiB.
    static let unmapBytes: UInt64 = 1 << 30
    /// Bytes of one WRITE SAME: 64 MiB, so that a host that must write them is not gone for long.
    static let writeSameBytes: UInt64 = 64 << 20
    /// Bytes of a parameter list that a driver may send with a command that is no transfer.
    static let parameterBytes = 8 + 16 * ranges
    /// Completions after which the driver hears of them although there are more requests to serve.
    static let completionsPerFlush = 32
    /// Events that wait for a buffer; more are told as missed.
    static let events = 64
}
