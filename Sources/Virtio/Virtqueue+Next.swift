// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Synchronization

extension Virtqueue {
    /// Takes the next chain the driver made available; false when there is none.
    ///
    /// Every segment is checked to be RAM. Empty descriptors are legal and leave no segment.
    /// - Throws: `QueueError` when the driver broke a rule; the queue must not be used again until it is reset.
    @inlinable
    @inline(__always)
    public mutating func next(into chain: inout DescriptorChain) throws(QueueError) -> Bool {
        if isPacked { return try nextPacked(into: &chain) }
        return try nextSplit(into: &chain)
    }

    /// Gives the chain taken last back, untouched: `next` will find it again. Several go back in reverse order.
    public mutating func putBack(_ token: ChainToken) {
        if isPacked { return putBackPacked(token) }
        nextAvailable &-= token.entries
    }

    @usableFromInline
    mutating func nextSplit(into chain: inout DescriptorChain) throws(QueueError) -> Bool {
        if nextAvailable == seenAvailable {
            let now = loadAvailableIndex()
            guard now != nextAvailable else { return false }
            guard now &- nextAvailable <= size else { throw .availableIndex(now, next: nextAvailable) }
            seenAvailable = now
        }
        // SAFETY: the entry's number is masked to the ring's length.
        let head = unsafe (available + 4 + 2 * Int(nextAvailable & mask))
            .assumingMemoryBound(to: Atomic<UInt16>.self).pointee.load(ordering: .relaxed)
        try walk(from: UInt16(littleEndian: head), into: &chain)
        nextAvailable &+= 1
        return true
    }

    @inline(__always)
    func loadAvailableIndex() -> UInt16 {
        // SAFETY: offset 2 of the available ring, which is RAM and aligned to 2.
        UInt16(
            littleEndian: unsafe (available + 2).assumingMemoryBound(to: Atomic<UInt16>.self).pointee
                .load(ordering: .acquiring))
    }

    /// What a walk has found so far. Readable segments come first, so their number says whether a writable one was met.
    struct Tally {
        var count = 0
        var readableCount = 0
        var readable: UInt64 = 0
        var total: UInt64 = 0
    }

    @inline(__always)
    private func walk(from head: UInt16, into chain: inout DescriptorChain) throws(QueueError) {
        var tally = Tally()
        let end = try unsafe follow(table, UInt32(size), isAligned: true, from: head, &tally, chain)
        if let end { try followIndirect(end, &tally, chain) }
        try finish(tally, ChainToken(head: head, entries: 1), &chain)
    }

    /// Makes the chain what a walk has found.
    @inline(__always)
    func finish(_ tally: Tally, _ token: ChainToken, _ chain: inout DescriptorChain) throws(QueueError) {
        guard tally.total < 1 << 32 else { throw .chainTooLarge }
        chain.token = token
        chain.count = tally.count
        chain.readableCount = tally.readableCount
        chain.readableBytes = Int(tally.readable)
        chain.writableBytes = Int(tally.total &- tally.readable)
    }

    @inline(__always)
    private func followIndirect(
        _ entry: Descriptor, _ tally: inout Tally, _ chain: borrowing DescriptorChain
    ) throws(QueueError) {
        guard indirect, entry.flags & Descriptor.next == 0, entry.length > 0, entry.length & 15 == 0 else {
            throw .indirectTable
        }
        guard let inner = unsafe memory.pointer(entry.address, count: Int(entry.length)) else {
            throw .notMemory(entry.address, count: UInt64(entry.length))
        }
        // 16 bits name an entry, so a chain longer than that loops, however long the guest says its table is.
        let entries = min(entry.length >> 4, 1 << 16)
        let nested: Descriptor?
        if UInt(bitPattern: inner) & 7 == 0 {
            nested = try unsafe follow(inner, entries, isAligned: true, from: 0, &tally, chain)
        } else {
            nested = try unsafe follow(inner, entries, isAligned: false, from: 0, &tally, chain)
        }
        if nested != nil { throw .indirectTable }
    }

    /// Follows a chain through one table and fills in its segments; ends with the indirect entry, if it meets one.
    @inline(__always)
    private func follow(
        _ table: UnsafeMutableRawPointer, _ entries: UInt32, isAligned: Bool, from head: UInt16, _ tally: inout Tally,
        _ chain: borrowing DescriptorChain
    ) throws(QueueError) -> Descriptor? {
        var index = head
        var left = entries
        while true {
            guard UInt32(index) < entries else { throw .descriptorIndex(index) }
            guard left > 0 else { throw .chainTooLong }
            left &-= 1
            // SAFETY: `index` is below `entries`, and all of the table is RAM.
            let at = unsafe table + 16 * Int(index)
            let descriptor = isAligned ? unsafe Descriptor(aligned: at) : unsafe Descriptor(unaligned: at)
            if descriptor.flags & Descriptor.indirect != 0 { return descriptor }
            try add(descriptor.address, descriptor.length, flags: descriptor.flags, &tally, chain)
            if descriptor.flags & Descriptor.next == 0 { return nil }
            index = descriptor.next
        }
    }

    /// Adds one descriptor's buffer to the chain's segments.
    @inline(__always)
    func add(
        _ address: GuestAddress, _ bytes: UInt32, flags: UInt16, _ tally: inout Tally,
        _ chain: borrowing DescriptorChain
    ) throws(QueueError) {
        let length = Int(bytes)
        if length > 0 {
            guard let base = unsafe memory.pointer(address, count: length) else {
                throw .notMemory(address, count: UInt64(length))
            }
            guard tally.count < chain.capacity else { throw .chainTooLong }
            // SAFETY: `count` is below the chain's capacity.
            unsafe chain.segments[tally.count] = iovec(iov_base: base, iov_len: length)
            if flags & Descriptor.write == 0 {
                guard tally.readableCount == tally.count else { throw .readableAfterWritable }
                tally.readableCount &+= 1
                tally.readable &+= UInt64(length)
            }
            tally.count &+= 1
            tally.total &+= UInt64(length)
        }
    }
}
