// SPDX-License-Identifier: Apache-2.0

/// How a disk presents itself, whatever image lies below.
public struct DiskProfile: Sendable {
    /// Its name in events.
    public var name: String
    /// The serial number; a guest sees 20 bytes of it.
    public var serial: String
    /// What an error of the host's storage does.
    public var policy: FailurePolicy
    /// The smallest block in bytes the guest is told to address, a power of two from 512 on; the image's own when nil.
    public var logicalBlockBytes: Int?
    /// The block in bytes the guest is told to prefer; the image's own when nil.
    public var physicalBlockBytes: Int?
    /// Hears of requests that stop the machine.
    public var signals: (any DiskSignals)?

    /// A disk that reports errors and has its image's blocks, unless told otherwise.
    public init(
        name: String, serial: String = "", policy: FailurePolicy = .report, logicalBlockBytes: Int? = nil,
        physicalBlockBytes: Int? = nil, signals: (any DiskSignals)? = nil
    ) {
        self.name = name
        self.serial = serial
        self.policy = policy
        self.logicalBlockBytes = logicalBlockBytes
        self.physicalBlockBytes = physicalBlockBytes
        self.signals = signals
    }
}
