// SPDX-License-Identifier: Apache-2.0

public import GuestMemory

/// A piece of guest memory that a driver lends to a device.
public struct DriverBuffer: Equatable, Sendable {
    /// Where it begins.
    public var address: GuestAddress
    /// Length in bytes.
    public var count: UInt32
    /// Whether the device writes it.
    public var isWritable: Bool

    /// A buffer for the device to read.
    public static func readable(_ address: UInt64, _ count: UInt32) -> DriverBuffer {
        DriverBuffer(address: GuestAddress(address), count: count, isWritable: false)
    }

    /// A buffer for the device to write.
    public static func writable(_ address: UInt64, _ count: UInt32) -> DriverBuffer {
        DriverBuffer(address: GuestAddress(address), count: count, isWritable: true)
    }
}
