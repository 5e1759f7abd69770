// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Synchronization

// The packed layout (virtio 1.2 §2.8). `table` is the descriptor ring, `available` the driver's event suppression
// structure and `used` ours; `nextAvailable` and `nextUsed` are `RingPosition`s.
extension Virtqueue {
    /// No used entry is held back.
    static var nothingHeld: UInt16 { 0xFFFF }

    @usableFromInline
    mutating func nextPacked(into chain: inout DescriptorChain) throws(QueueError) -> Bool {
        let position = RingPosition(raw: nextAvailable)
        // SAFETY: positions stay below the ring's size, and all of the ring is RAM.
        var entry = unsafe table + 16 * Int(position.entry)
        var descriptor = unsafe PackedDescriptor(entry)
        guard descriptor.isAvailable(at: position) else { return false }
        var tally = Tally()
        var entries: UInt16 = 1
        if descriptor.flags & Descriptor.indirect != 0 {
            try followPackedTable(unsafe PackedDescriptor.address(entry), descriptor, &tally, chain)
        } else {
            var index = position.entry
            while true {
                try add(
                    unsafe PackedDescriptor.address(entry), descriptor.length, flags: descriptor.flags, &tally, chain)
                guard descriptor.flags & Descriptor.next != 0 else { break }
                // The rest was made available before the head: only its flag needed ordering (§2.8.6).
                guard entries < size else { throw .chainTooLong }
                entries &+= 1
                index &+= 1
                if index == size { index = 0 }
                // SAFETY: as above.
                unsafe entry = table + 16 * Int(index)
                descriptor = unsafe PackedDescriptor(entry)
                guard descriptor.flags & Descriptor.indirect == 0 else { throw .indirectTable }
            }
        }
        // Only the last descriptor's buffer ID counts (§2.8.6).
        try finish(tally, ChainToken(head: descriptor.id, entries: entries), &chain)
        nextAvailable = position.advanced(by: entries, size: size).raw
        return true
    }

    /// Adds all of an indirect table: its entries lie in order, and of their flags only WRITE counts (§2.8.7).
    @inline(__always)
    private func followPackedTable(
        _ address: GuestAddress, _ descriptor: PackedDescriptor, _ tally: inout Tally,
        _ chain: borrowing DescriptorChain
    ) throws(QueueError) {
        guard indirect, descriptor.flags & Descriptor.next == 0, descriptor.length > 0, descriptor.length & 15 == 0
        else { throw .indirectTable }
        // No chain has more descriptors than 16 bits can count, so nobody walks gigabytes of empty ones.
        guard descriptor.length >> 4 <= 1 << 16 else { throw .chainTooLong }
        guard let inner = unsafe memory.pointer(address, count: Int(descriptor.length)) else {
            throw .notMemory(address, count: UInt64(descriptor.length))
        }
        if UInt(bitPattern: inner) & 7 == 0 {
            try unsafe addPackedTable(inner, descriptor.length >> 4, isAligned: true, &tally, chain)
        } else {
            try unsafe addPackedTable(inner, descriptor.length >> 4, isAligned: false, &tally, chain)
        }
    }

    @inline(__always)
    private func addPackedTable(
        _ table: UnsafeMutableRawPointer, _ entries: UInt32, isAligned: Bool, _ tally: inout Tally,
        _ chain: borrowing DescriptorChain
    ) throws(QueueError) {
        for i in 0..<Int(entries) {
            // SAFETY: all of the table is RAM.
            let at = unsafe table + 16 * i
            let words = isAligned ? unsafe Descriptor(aligned: at) : unsafe Descriptor(unaligned: at)
            // What is a split descriptor's number of the next one are a packed one's flags.
            try add(words.address, words.length, flags: words.next, &tally, chain)
        }
    }

    @inline(__always)
    mutating func putBackPacked(_ token: ChainToken) {
        nextAvailable = RingPosition(raw: nextAvailable).retreated(by: token.entries, size: size).raw
    }

    /// Writes the used entry, all but the first since the last `publish`: a driver looks at entries in order, so what
    /// lies behind one it cannot see does not exist for it (§2.8.2).
    @usableFromInline
    mutating func completePacked(_ token: ChainToken, written: UInt32) {
        let position = RingPosition(raw: nextUsed)
        let report = PackedDescriptor(used: token.head, written: written, wrap: position.wrap).word
        // The driver skips as many entries as the buffer took up, whatever the order of completion.
        nextUsed = position.advanced(by: token.entries, size: size).raw
        if heldEntry != Virtqueue.nothingHeld { return storeReport(report, at: position.entry) }
        heldEntry = position.entry
        heldReport = report
    }

    @inline(__always)
    mutating func publishPacked() {
        guard heldEntry != Virtqueue.nothingHeld else { return }
        storeReport(heldReport, at: heldEntry)
        heldEntry = Virtqueue.nothingHeld
    }

    @inline(__always)
    private func storeReport(_ report: UInt64, at entry: UInt16) {
        let offset = 16 * Int(entry) + 8
        // SAFETY: the entry's number is below the ring's size; the ring is aligned to 16.
        unsafe (table + offset).assumingMemoryBound(to: Atomic<UInt64>.self).pointee
            .store(report.littleEndian, ordering: .releasing)
        memory.markDirty(GuestAddress(tableAddress.rawValue &+ UInt64(offset)), count: 8)
    }

    @inline(__always)
    mutating func shouldInterruptPacked() -> Bool {
        let decided = decidedUsed
        guard decided != nextUsed else { return false }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        decidedUsed = nextUsed
        // SAFETY: `init` checked the four bytes of the driver's structure and their alignment.
        let word = UInt32(
            littleEndian: unsafe available.assumingMemoryBound(to: Atomic<UInt32>.self).pointee
                .load(ordering: .relaxed))
        switch UInt16(truncatingIfNeeded: word >> 16) & 3 {
        case Virtqueue.eventsOff: return false
        case Virtqueue.eventAt:
            guard eventIndex, let decided else { return true }
            let position = RingPosition(raw: nextUsed)
            // The event is one of the entries filled since the last decision (§2.8.10).
            let distance = position.distance(from: RingPosition(raw: UInt16(truncatingIfNeeded: word)), size: size)
            return distance > 0 && distance <= position.distance(from: RingPosition(raw: decided), size: size)
        default: return true
        }
    }

    /// RING_EVENT_FLAGS_ENABLE (§2.8.14).
    static var eventsOn: UInt16 { 0 }
    /// RING_EVENT_FLAGS_DISABLE.
    static var eventsOff: UInt16 { 1 }
    /// RING_EVENT_FLAGS_DESC.
    static var eventAt: UInt16 { 2 }

    @inline(__always)
    mutating func enableKicksPacked() -> Bool {
        storeWish(eventIndex ? Virtqueue.eventAt : Virtqueue.eventsOn, nextAvailable)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        let position = RingPosition(raw: nextAvailable)
        // SAFETY: as in `nextPacked`.
        return unsafe PackedDescriptor(table + 16 * Int(position.entry)).isAvailable(at: position)
    }

    @inline(__always)
    mutating func disableKicksPacked() { storeWish(Virtqueue.eventsOff, 0) }

    /// Position and flags go in one store: the driver never reads one of them new and the other old.
    @inline(__always)
    private func storeWish(_ flags: UInt16, _ position: UInt16) {
        let word = UInt32(position) | UInt32(flags) << 16
        // SAFETY: `init` checked the four bytes of our structure and their alignment.
        unsafe used.assumingMemoryBound(to: Atomic<UInt32>.self).pointee
            .store(word.littleEndian, ordering: .relaxed)
        memory.markDirty(usedAddress, count: 4)
    }
}
