// SPDX-License-Identifier: Apache-2.0

public import Linux

/// A guest write that rings an eventfd inside the kernel instead of leaving the guest (KVM api.rst 4.59 KVM_IOEVENTFD).
public struct Doorbell: Equatable, Sendable {
    /// Guest-physical address.
    public let address: UInt64
    /// Bytes of the write that rings: 1, 2, 4 or 8; 0 for any.
    public let size: Int
    /// Only this value rings; nil for any.
    public let value: UInt64?

    /// A write to watch for.
    public init(address: UInt64, size: Int, value: UInt64?) {
        self.address = address
        self.size = size
        self.value = value
    }
}

/// Wires doorbells to eventfds; the machine implements it with ioeventfds.
public protocol DoorbellRegistry: AnyObject, Sendable {
    /// - Throws: `Errno` when the kernel refuses; EEXIST when the address is taken.
    func attach(_ doorbell: Doorbell, event: Int32) throws(Errno)
    /// Takes a doorbell away; one that is not there is no error.
    func detach(_ doorbell: Doorbell, event: Int32)
}
