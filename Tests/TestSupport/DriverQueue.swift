// SPDX-License-Identifier: Apache-2.0

public import Bus
public import GuestMemory
import Synchronization
public import Virtio

/// The driver's side of a split virtqueue, written from virtio 1.2 §2.7 alone: shares no code with the device's side.
public struct DriverQueue {
    /// Guest memory.
    public let memory: GuestMemory
    /// Number of descriptors.
    public let size: UInt16
    /// Descriptor table.
    public let table: UInt64
    /// Available ring.
    public let available: UInt64
    /// Used ring.
    public let used: UInt64
    /// Entries made available so far, published or not.
    public private(set) var availableIndex: UInt16
    /// Used entries taken so far.
    public private(set) var usedIndex: UInt16
    private var free: [UInt16]
    private var chains: [UInt16: [UInt16]] = [:]
    private let start: UInt16

    /// Lays a queue out from `base` (a multiple of 4096) on and clears its rings.
    /// - Parameter start: both indices begin here, as in a queue that has been used before.
    public init(memory: GuestMemory, at base: UInt64, size: UInt16, start: UInt16 = 0) throws {
        self.memory = memory
        self.size = size
        self.start = start
        table = base
        available = base + 16 * UInt64(size)
        used = (available + 6 + 2 * UInt64(size) + 3) & ~3
        availableIndex = start
        usedIndex = start
        free = (0..<size).reversed()
        try memory.clear(at: GuestAddress(base), count: DriverQueue.bytes(size: size))
        try memory.write(start.littleEndian, at: GuestAddress(available + 2))
        try memory.write(start.littleEndian, at: GuestAddress(used + 2))
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
    public var freeCount: Int { free.count }

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

    /// Adds a chain, not yet published; nil when there are not enough descriptors. Returns its head.
    /// - Parameter indirect: where to write an indirect table; the chain then takes one descriptor.
    public mutating func add(_ buffers: [DriverBuffer], indirect: UInt64? = nil) throws -> UInt16? {
        let needed = indirect == nil ? buffers.count : 1
        guard needed > 0, free.count >= needed else { return nil }
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

    /// Enters any number as the next head, without a look at the table.
    public mutating func makeAvailable(_ head: UInt16) throws {
        let slot = available + 4 + 2 * UInt64(availableIndex % size)
        try memory.write(head.littleEndian, at: GuestAddress(slot))
        availableIndex &+= 1
    }

    /// Shows the device all that was added.
    public func publish() throws { try publish(index: availableIndex) }

    /// Stores any number as the available index.
    public func publish(index: UInt16) throws {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        try memory.write(index.littleEndian, at: GuestAddress(available + 2))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// The device's used index.
    public func publishedUsed() throws -> UInt16 {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        let index = UInt16(littleEndian: try memory.read(at: GuestAddress(used + 2)))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return index
    }

    /// Takes the next used element and frees its descriptors; nil when there is none.
    public mutating func takeUsed() throws -> (head: UInt16, written: UInt32)? {
        guard try publishedUsed() != usedIndex else { return nil }
        let slot = used + 4 + 8 * UInt64(usedIndex % size)
        let id = UInt32(littleEndian: try memory.read(at: GuestAddress(slot)))
        let written = UInt32(littleEndian: try memory.read(at: GuestAddress(slot + 4)))
        usedIndex &+= 1
        let head = UInt16(truncatingIfNeeded: id)
        free += (chains.removeValue(forKey: head) ?? []).reversed()
        return (head, written)
    }

    /// Asks for an interrupt once the used index goes past this (VIRTIO_F_EVENT_IDX).
    public func setUsedEvent(_ index: UInt16) throws {
        try memory.write(index.littleEndian, at: GuestAddress(available + 4 + 2 * UInt64(size)))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Asks for no interrupts at all, or for all (without VIRTIO_F_EVENT_IDX).
    public func setNoInterrupt(_ off: Bool) throws {
        try memory.write(UInt16(off ? 1 : 0).littleEndian, at: GuestAddress(available))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// The index after which the device wants a kick (VIRTIO_F_EVENT_IDX).
    public func availableEvent() throws -> UInt16 {
        UInt16(littleEndian: try memory.read(at: GuestAddress(used + 4 + 8 * UInt64(size))))
    }

    /// The used ring's flags: 1 when the device wants no kicks.
    public func usedFlags() throws -> UInt16 { UInt16(littleEndian: try memory.read(at: GuestAddress(used))) }
}
