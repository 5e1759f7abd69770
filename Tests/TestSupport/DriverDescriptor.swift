// SPDX-License-Identifier: Apache-2.0

/// An entry of a descriptor table as a driver, good or evil, writes it (virtio 1.2 §2.7.5).
public struct DriverDescriptor: Equatable, Sendable {
    /// VIRTQ_DESC_F_NEXT.
    public static let next: UInt16 = 1
    /// VIRTQ_DESC_F_WRITE.
    public static let write: UInt16 = 2
    /// VIRTQ_DESC_F_INDIRECT.
    public static let indirect: UInt16 = 4

    /// Guest address.
    public var address: UInt64
    /// Length in bytes.
    public var length: UInt32
    /// Flags.
    public var flags: UInt16
    /// The next descriptor's number.
    public var next: UInt16

    /// An entry.
    public init(address: UInt64, length: UInt32, flags: UInt16 = 0, next: UInt16 = 0) {
        self.address = address
        self.length = length
        self.flags = flags
        self.next = next
    }
}
