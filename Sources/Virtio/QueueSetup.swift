// SPDX-License-Identifier: Apache-2.0

public import Bus
public import GuestMemory

/// What a driver said about one queue, unchecked: `Virtqueue` refuses what cannot be used.
public struct QueueSetup: Sendable, Equatable {
    /// Index of the queue in its device.
    public var index: Int
    /// Number of descriptors.
    public var size: UInt16
    /// Descriptor table (virtio 1.2 §2.7.5).
    public var descriptorTable: GuestAddress
    /// Available ring (§2.7.6).
    public var driverArea: GuestAddress
    /// Used ring (§2.7.8).
    public var deviceArea: GuestAddress
    /// Eventfd that the driver's kicks signal; owned by the transport, open until the device is stopped.
    public var kick: Int32
    /// How to interrupt the driver.
    public var interrupt: Interrupt
    /// Where to go on in the available ring; 0 in a fresh queue.
    public var nextAvailable: UInt16
    /// Where to go on in the used ring; 0 in a fresh queue.
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
