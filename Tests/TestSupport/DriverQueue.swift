// SPDX-License-Identifier: Apache-2.0

public import Bus
public import GuestMemory
import Synchronization
public import Virtio

/// The driver's side of a virtqueue, written from virtio 1.2 §2.7 and §2.8 alone: shares no code with the device's side.
public struct DriverQueue {
    /// Guest memory.
    public let memory: GuestMemory
    /// Number of descriptors.
    public let size: UInt16
    /// How the queue lies in memory.
    public let layout: RingLayout
    /// Descriptor table, or the packed ring.
    public let table: UInt64
    /// Available ring, or the driver's event suppression structure.
    public let available: UInt64
    /// Used ring, or the device's event suppression structure.
    public let used: UInt64
    /// Split: entries made available so far, published or not. Packed: entry and wrap counter as in §2.8.14.
    public internal(set) var availableIndex: UInt16
    /// Split: used entries taken so far. Packed: entry and wrap counter.
    public internal(set) var usedIndex: UInt16
    /// Heads, or buffer IDs, not in use.
    var free: [UInt16]
    /// What each chain in use takes up: its descriptors, or as many zeros.
    var chains: [UInt16: [UInt16]] = [:]
    /// Packed: entries not in use, and the flags that are still to be shown, of the first chain since `publish`.
    var freeEntries: Int
    var hidden: (entry: UInt16, flags: UInt16)?
    private let start: UInt16

    /// Lays a queue out from `base` (a multiple of 4096) on and clears its rings.
    /// - Parameter start: both sides have used so many entries before, modulo 65536.
    public init(
        memory: GuestMemory, at base: UInt64, size: UInt16, start: UInt16 = 0, layout: RingLayout = .split
    ) throws {
        self.memory = memory
        self.size = size
        self.layout = layout
        table = base
        available = base + 16 * UInt64(size)
        used = layout == .packed ? available + 4 : (available + 6 + 2 * UInt64(size) + 3) & ~3
        self.start = layout == .packed ? DriverQueue.position(after: start, size: size) : start
        availableIndex = self.start
        usedIndex = self.start
        free = (0..<size).reversed()
        freeEntries = Int(size)
        try memory.clear(at: GuestAddress(base), count: DriverQueue.bytes(size: size))
        switch layout {
        case .split:
            try memory.write(start.littleEndian, at: GuestAddress(available + 2))
            try memory.write(start.littleEndian, at: GuestAddress(used + 2))
        case .packed: try layOutPacked()
        }
    }

    /// Bytes from `base` that a queue takes up, a whole number of pages.
    public static func bytes(size: UInt16) -> Int { (16 * Int(size) + 16 + 10 * Int(size) + 4095) & ~4095 }

    /// What the device is told.
    public func setup(index: Int = 0, kick: Int32 = -1, interrupt: Interrupt = .none) -> QueueSetup {
        QueueSetup(
            index: index, size: size, descriptorTable: GuestAddress(table), driverArea: GuestAddress(available),
            deviceArea: GuestAddress(used), kick: kick, interrupt: interrupt, nextAvailable: start, nextUsed: start)
    }

    /// Descriptors not in use.
    public var freeCount: Int { layout == .packed ? freeEntries : free.count }

    /// Writes one entry of a descriptor table.
    public func write(_ d: DriverDescriptor, table: UInt64, index: Int) throws {
        let at = table + 16 * UInt64(index)
        try memory.write(d.address.littleEndian, at: GuestAddress(at))
        try memory.write(d.length.littleEndian, at: GuestAddress(at + 8))
        try memory.write(d.flags.littleEndian, at: GuestAddress(at + 12))
        try memory.write(d.next.littleEndian, at: GuestAddress(at + 14))
    }

    /// Writes one entry of the queue's own table.
    public func write(_ descriptor: DriverDescriptor, index: Int) throws {
        try write(descriptor, table: table, index: index)
    }

    /// Adds a chain, not yet published; nil when there are not enough descriptors. Returns its head or buffer ID.
    /// - Parameter indirect: where to write an indirect table; the chain then takes one descriptor.
    public mutating func add(_ buffers: [DriverBuffer], indirect: UInt64? = nil) throws -> UInt16? {
        let needed = indirect == nil ? buffers.count : 1
        guard needed > 0, freeCount >= needed else { return nil }
        if layout == .packed { return try addPacked(buffers, needed, indirect) }
        let taken = (0..<needed).compactMap { _ in free.popLast() }
        for (i, buffer) in buffers.enumerated() {
            let isLast = i == buffers.count - 1
            let flags =
                (buffer.isWritable ? DriverDescriptor.write : 0) | (isLast ? 0 : DriverDescriptor.next)
            let next = isLast ? 0 : indirect == nil ? taken[i + 1] : UInt16(i + 1)
            let descriptor = DriverDescriptor(
                address: buffer.address.rawValue, length: buffer.count, flags: flags, next: next)
            try write(descriptor, table: indirect ?? table, index: indirect == nil ? Int(taken[i]) : i)
        }
        if let indirect {
            let descriptor = DriverDescriptor(
                address: indirect, length: UInt32(16 * buffers.count), flags: DriverDescriptor.indirect)
            try write(descriptor, index: Int(taken[0]))
        }
        chains[taken[0]] = taken
        try makeAvailable(taken[0])
        return taken[0]
    }

    /// Split: enters any number as the next head, without a look at the table.
    public mutating func makeAvailable(_ head: UInt16) throws {
        let slot = available + 4 + 2 * UInt64(availableIndex % size)
        try memory.write(head.littleEndian, at: GuestAddress(slot))
        availableIndex &+= 1
    }

    /// Breaks the ring so that no device can use what it finds there, and publishes that.
    public mutating func breakRing() throws {
        switch layout {
        case .split:
            try makeAvailable(999)
            try publish()
        case .packed:
            // A chain without an end.
            for i in 0..<size { try writePacked(entry: i, DriverBuffer.readable(0, 1), id: 0, flags: 1, wrap: true) }
        }
    }

    /// Shows the device all that was added.
    public mutating func publish() throws {
        guard layout == .packed else { return try publish(index: availableIndex) }
        try publishPacked()
    }

    /// Split: stores any number as the available index.
    public func publish(index: UInt16) throws {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        try memory.write(index.littleEndian, at: GuestAddress(available + 2))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Used chains that can be seen and were not taken.
    public func usedCount() throws -> Int {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        defer { atomicMemoryFence(ordering: .sequentiallyConsistent) }
        if layout == .packed { return try usedCountPacked() }
        return Int(UInt16(littleEndian: try memory.read(at: GuestAddress(used + 2))) &- usedIndex)
    }

    /// Takes the next used element and frees its descriptors; nil when there is none.
    public mutating func takeUsed() throws -> (head: UInt16, written: UInt32)? {
        guard try usedCount() > 0 else { return nil }
        if layout == .packed { return try takeUsedPacked() }
        let slot = used + 4 + 8 * UInt64(usedIndex % size)
        let id = UInt32(littleEndian: try memory.read(at: GuestAddress(slot)))
        let written = UInt32(littleEndian: try memory.read(at: GuestAddress(slot + 4)))
        usedIndex &+= 1
        let head = UInt16(truncatingIfNeeded: id)
        free += (chains.removeValue(forKey: head) ?? []).reversed()
        return (head, written)
    }

    /// Asks for an interrupt once the device goes past this (VIRTIO_F_EVENT_IDX): a used index, or entry and wrap counter.
    public func setUsedEvent(_ index: UInt16) throws {
        switch layout {
        case .split: try memory.write(index.littleEndian, at: GuestAddress(available + 4 + 2 * UInt64(size)))
        case .packed: try memory.write((UInt32(index) | 2 << 16).littleEndian, at: GuestAddress(available))
        }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Asks for no interrupts at all, or for all (without VIRTIO_F_EVENT_IDX).
    public func setNoInterrupt(_ off: Bool) throws {
        let at = layout == .packed ? available + 2 : available
        try memory.write(UInt16(off ? 1 : 0).littleEndian, at: GuestAddress(at))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// The place after which the device wants a kick (VIRTIO_F_EVENT_IDX): an index, or entry and wrap counter.
    public func availableEvent() throws -> UInt16 {
        let at = layout == .packed ? used : used + 4 + 8 * UInt64(size)
        return UInt16(littleEndian: try memory.read(at: GuestAddress(at)))
    }

    /// The device's flags: 1 when it wants no kicks, in a packed ring 2 when it wants one at an event.
    public func usedFlags() throws -> UInt16 {
        UInt16(littleEndian: try memory.read(at: GuestAddress(layout == .packed ? used + 2 : used)))
    }
}
