// SPDX-License-Identifier: Apache-2.0

public import Bus
public import GuestMemory

/// What a driver said about one queue, unchecked: `Virtqueue` refuses what cannot be used.
public struct QueueSetup: Sendable, Equatable {
    /// Index of the queue in its device.
    public var index: Int
    /// Number of descriptors.
    public var size: UInt16
    /// Descriptor table, or the packed ring itself (virtio 1.2 §2.7.5 and §2.8.13).
    public var descriptorTable: GuestAddress
    /// Available ring, or the driver's wishes about interrupts (§2.7.6 and §2.8.14).
    public var driverArea: GuestAddress
    /// Used ring, or our wishes about kicks (§2.7.8 and §2.8.14).
    public var deviceArea: GuestAddress
    /// Eventfd that the driver's kicks signal; owned by the transport, open until the device is stopped.
    public var kick: Int32
    /// How to interrupt the driver.
    public var interrupt: Interrupt
    /// The next entry to take, as in `QueuePosition`; in a fresh queue 0, or `RingPosition.start` when it is packed.
    public var nextAvailable: UInt16
    /// The next entry to fill, as in `QueuePosition`.
    public var nextUsed: UInt16

    /// One queue.
    public init(
        index: Int, size: UInt16, descriptorTable: GuestAddress, driverArea: GuestAddress, deviceArea: GuestAddress,
        kick: Int32, interrupt: Interrupt, nextAvailable: UInt16 = 0, nextUsed: UInt16 = 0
    ) {
        self.index = index
        self.size = size
        self.descriptorTable = descriptorTable
        self.driverArea = driverArea
        self.deviceArea = deviceArea
        self.kick = kick
        self.interrupt = interrupt
        self.nextAvailable = nextAvailable
        self.nextUsed = nextUsed
    }
}
