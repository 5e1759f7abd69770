// SPDX-License-Identifier: Apache-2.0

/// What a function says it is (PCI 3.0 §6.2.1 and §6.2.4).
public struct Identity: Equatable, Sendable {
    /// Vendor ID.
    public var vendor: UInt16
    /// Device ID.
    public var device: UInt16
    /// Revision ID.
    public var revision: UInt8
    /// Class, subclass and programming interface, 24 bits.
    public var classCode: UInt32
    /// Subsystem vendor ID.
    public var subsystemVendor: UInt16
    /// Subsystem ID.
    public var subsystem: UInt16

    /// An identity.
    public init(
        vendor: UInt16, device: UInt16, revision: UInt8, classCode: UInt32, subsystemVendor: UInt16, subsystem: UInt16
    ) {
        self.vendor = vendor
        self.device = device
        self.revision = revision
        self.classCode = classCode
        self.subsystemVendor = subsystemVendor
        self.subsystem = subsystem
    }
}
