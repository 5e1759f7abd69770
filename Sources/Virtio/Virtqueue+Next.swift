// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Synchronization

extension Virtqueue {
    /// Takes the next chain the driver made available; false when there is none.
    ///
    /// Every segment is checked to be RAM. Empty descriptors are legal and leave no segment.
    /// - Throws: `QueueError` when the driver broke a rule; the queue must not be used again until it is reset.
    @inline(__always)
    public mutating func next(into chain: inout DescriptorChain) throws(QueueError) -> Bool {
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

    /// Gives the chain taken last back, untouched: `next` will find it again. Several go back in reverse order.
    @inline(__always)
    public mutating func putBack(_ token: ChainToken) { nextAvailable &-= token.entries }

    @inline(__always)
    func loadAvailableIndex() -> UInt16 {
        // SAFETY: offset 2 of the available ring, which is RAM and aligned to 2.
        UInt16(
            littleEndian: unsafe (available + 2).assumingMemoryBound(to: Atomic<UInt16>.self).pointee
                .load(ordering: .acquiring))
    }

    @inline(__always)
    private func walk(from head: UInt16, into chain: inout DescriptorChain) throws(QueueError) {
        var table = unsafe self.table
        var entries = UInt32(size)
        var visited: UInt32 = 0
        var index = head
        var count = 0
        var readableCount = 0
        var readable: UInt64 = 0
        var writable: UInt64 = 0
        var nested = false
        while true {
            guard UInt32(index) < entries else { throw .descriptorIndex(index) }
            guard visited < entries else { throw .chainTooLong }
            visited &+= 1
            // SAFETY: `index` is below `entries`, and all of the table is RAM.
            let descriptor = unsafe Descriptor(loading: table + 16 * Int(index))
            if descriptor.flags & Descriptor.indirect != 0 {
                guard indirect, !nested, descriptor.flags & Descriptor.next == 0, descriptor.length > 0,
                    descriptor.length & 15 == 0
                else { throw .indirectTable }
                guard let inner = unsafe memory.pointer(descriptor.address, count: Int(descriptor.length)) else {
                    throw .notMemory(descriptor.address, count: UInt64(descriptor.length))
                }
                unsafe table = inner
                // 16 bits name an entry, so a chain longer than that loops, however long the guest says its table is.
                entries = min(descriptor.length >> 4, 1 << 16)
                visited = 0
                index = 0
                nested = true
                continue
            }
            let length = Int(descriptor.length)
            if length > 0 {
                guard let base = unsafe memory.pointer(descriptor.address, count: length) else {
                    throw .notMemory(descriptor.address, count: UInt64(length))
                }
                guard count < chain.capacity else { throw .chainTooLong }
                // SAFETY: `count` is below the chain's capacity.
                unsafe chain.segments[count] = iovec(iov_base: base, iov_len: length)
                count &+= 1
                if descriptor.flags & Descriptor.write != 0 {
                    writable &+= UInt64(length)
                } else {
                    guard writable == 0 else { throw .readableAfterWritable }
                    readable &+= UInt64(length)
                    readableCount = count
                }
            }
            if descriptor.flags & Descriptor.next == 0 { break }
            index = descriptor.next
        }
        guard readable &+ writable < 1 << 32 else { throw .chainTooLarge }
        chain.token = ChainToken(head: head, entries: 1)
        chain.count = count
        chain.readableCount = readableCount
        chain.readableBytes = Int(readable)
        chain.writableBytes = Int(writable)
    }
}
