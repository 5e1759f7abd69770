// SPDX-License-Identifier: Apache-2.0

public import GuestMemory
import Synchronization

/// The device's side of a virtqueue, split or packed (virtio 1.2 §2.7 and §2.8), owned by one thread.
///
/// Ring and descriptor memory belong to a guest that may change it at any time: each field is loaded once and only the
/// copy is judged. Callers see chains and tokens, never the ring: which of the two layouts stands behind a call is a
/// branch that always goes the same way for a queue.
///
/// Fences, and who in the driver pairs with them (split ring first):
/// - `next` loads `avail.idx` with acquire: the entries and descriptors the driver wrote before it (its `virtio_wmb` in
///   §2.7.13.3) are seen.
/// - `publish` stores `used.idx` with release: used elements and buffer bytes are seen by a driver that reads the index
///   and then issues its read barrier (§2.7.14).
/// - `shouldInterrupt` puts a full fence between that store and the load of `used_event` or `avail.flags`. The driver
///   has its own full fence between storing those and looking at `used.idx` again: one of the two sees the other.
/// - `enableKicks` puts a full fence between storing `avail_event` or `used.flags` and looking at `avail.idx` again. It
///   pairs with the driver's full fence between storing `avail.idx` and reading our wish (§2.7.13.4.1).
/// - In a packed ring the flags of a chain's head take the place of `avail.idx`, those of the first used entry since the
///   last `publish` that of `used.idx`, and the event suppression structures that of events and flags (§2.8.21.3).
@safe
public struct Virtqueue: ~Copyable, @unchecked Sendable {
    /// Index of the queue in its device.
    public let index: Int
    /// Number of descriptors.
    public let size: UInt16
    let memory: GuestMemory
    // Visible to inlined callers only: which layout it is costs them a branch, not a call.
    @usableFromInline let isPacked: Bool
    let table: UnsafeMutableRawPointer
    let available: UnsafeMutableRawPointer
    let used: UnsafeMutableRawPointer
    let tableAddress: GuestAddress
    let usedAddress: GuestAddress
    let mask: UInt16
    let eventIndex: Bool
    let indirect: Bool
    let interrupt: Int32
    /// The available index as last loaded; of no meaning in a packed ring.
    var seenAvailable: UInt16
    var nextAvailable: UInt16
    var nextUsed: UInt16
    /// The used index at the last decision about an interrupt; nil when it is unknown, which interrupts once too often.
    var decidedUsed: UInt16?
    /// The first used entry of a packed ring since the last `publish`, and what goes there.
    var heldEntry: UInt16 = 0xFFFF
    var heldReport: UInt64 = 0

    /// Takes up a queue where its setup says.
    ///
    /// VIRTIO_F_RING_PACKED among the features makes it a packed ring.
    /// - Throws: `QueueError` when the size is not legal, an area is not aligned or not all RAM, or a packed ring has no
    ///   such position.
    public init(_ setup: QueueSetup, memory: GuestMemory, features: UInt64) throws(QueueError) {
        let size = setup.size
        let isPacked = features & Feature.packedRing != 0
        guard size > 0, size <= 32768, isPacked || size & (size - 1) == 0 else { throw .size(size) }
        let eventIndex = features & Feature.eventIndex != 0
        let events = eventIndex ? 2 : 0
        // A packed ring's other two areas are one event suppression structure each.
        let driverBytes = isPacked ? 4 : 4 + 2 * Int(size) + events
        let deviceBytes = isPacked ? 4 : 4 + 8 * Int(size) + events
        let table = try unsafe Virtqueue.area(setup.descriptorTable, 16 * Int(size), alignment: 16, memory)
        let available = try unsafe Virtqueue.area(setup.driverArea, driverBytes, alignment: isPacked ? 4 : 2, memory)
        let used = try unsafe Virtqueue.area(setup.deviceArea, deviceBytes, alignment: 4, memory)
        for raw in [setup.nextAvailable, setup.nextUsed] where isPacked && RingPosition(raw: raw).entry >= size {
            throw .position(raw)
        }
        self.isPacked = isPacked
        unsafe self.table = table
        unsafe self.available = available
        unsafe self.used = used
        self.eventIndex = eventIndex
        indirect = features & Feature.indirectDescriptors != 0
        index = setup.index
        self.size = size
        self.memory = memory
        tableAddress = setup.descriptorTable
        usedAddress = setup.deviceArea
        mask = size - 1
        interrupt = setup.interrupt.raw
        seenAvailable = setup.nextAvailable
        nextAvailable = setup.nextAvailable
        nextUsed = setup.nextUsed
        decidedUsed = setup.nextUsed == (isPacked ? RingPosition.start : 0) ? setup.nextUsed : nil
    }

    /// How far the device has got; exact when every chain taken has been completed or put back, and published.
    public var position: QueuePosition {
        QueuePosition(queue: index, nextAvailable: nextAvailable, nextUsed: nextUsed)
    }

    private static func area(
        _ at: GuestAddress, _ count: Int, alignment: UInt64, _ memory: GuestMemory
    ) throws(QueueError) -> UnsafeMutableRawPointer {
        guard at.rawValue & (alignment - 1) == 0 else { throw .misaligned(at) }
        guard let pointer = unsafe memory.pointer(at, count: count) else { throw .notMemory(at, count: UInt64(count)) }
        return unsafe pointer
    }
}
