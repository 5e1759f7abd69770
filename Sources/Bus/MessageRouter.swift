// SPDX-License-Identifier: Apache-2.0

public import Linux

/// What a PCI function writes to interrupt a CPU (PCI 3.0 §6.8.1).
public struct MSIMessage: Equatable, Sendable {
    /// Message address: names the CPU.
    public var address: UInt64
    /// Message data: names the vector.
    public var data: UInt32

    /// A message.
    public init(address: UInt64, data: UInt32) {
        self.address = address
        self.data = data
    }
}

/// Connects eventfds with message-signalled interrupts; the machine implements it with KVM's routing table and irqfds.
public protocol MessageRouter: AnyObject, Sendable {
    /// Reserves one route; nil when the table is full.
    func reserve() -> Int?
    /// Gives a reserved route back, detached.
    func release(route: Int)
    /// Signals of `event` deliver `message` from now on; a signal that is already waiting in it is delivered at once.
    /// - Throws: `Errno` when the kernel refuses.
    func attach(route: Int, event: Int32, message: MSIMessage) throws(Errno)
    /// Signals of `event` stay in its counter from now on.
    func detach(route: Int, event: Int32)
}
