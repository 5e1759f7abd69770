// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Synchronization

extension Virtqueue {
    /// Enters a chain among the used ones; the driver sees it after the next `publish`.
    /// - Parameter written: bytes written to the chain's writable part, counted from its start (virtio 1.2 §2.7.8.2).
    @inlinable
    @inline(__always)
    public mutating func complete(_ token: ChainToken, written: UInt32) {
        if isPacked { return completePacked(token, written: written) }
        completeSplit(token, written: written)
    }

    @usableFromInline
    mutating func completeSplit(_ token: ChainToken, written: UInt32) {
        let offset = 4 + 8 * Int(nextUsed & mask)
        // SAFETY: the slot's number is masked to the ring's length; the used ring is aligned to 4.
        let element = unsafe (used + offset).assumingMemoryBound(to: UInt32.self)
        unsafe element[0] = UInt32(token.head).littleEndian
        unsafe element[1] = written.littleEndian
        memory.markDirty(GuestAddress(usedAddress.rawValue &+ UInt64(offset)), count: 8)
        nextUsed &+= 1
    }

    /// Shows the driver everything completed so far.
    @inline(__always)
    public mutating func publish() {
        if isPacked { return publishPacked() }
        // SAFETY: offset 2 of the used ring, aligned to 2.
        unsafe (used + 2).assumingMemoryBound(to: Atomic<UInt16>.self).pointee
            .store(nextUsed.littleEndian, ordering: .releasing)
        memory.markDirty(GuestAddress(usedAddress.rawValue &+ 2), count: 2)
    }

    /// Whether the driver wants to hear of what was published since the last time this was asked (§2.7.7, §2.7.10, §2.8.10).
    @inline(__always)
    public mutating func shouldInterrupt() -> Bool {
        if isPacked { return shouldInterruptPacked() }
        let decided = decidedUsed
        guard decided != nextUsed else { return false }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        decidedUsed = nextUsed
        guard eventIndex else {
            // SAFETY: avail.flags, offset 0 of the available ring. 1 is VIRTQ_AVAIL_F_NO_INTERRUPT.
            let flags = unsafe available.assumingMemoryBound(to: Atomic<UInt16>.self).pointee.load(ordering: .relaxed)
            return UInt16(littleEndian: flags) & 1 == 0
        }
        guard let decided else { return true }
        // SAFETY: used_event lies behind the available ring's entries; `init` checked it with EVENT_IDX.
        let event = unsafe (available + 4 + 2 * Int(size)).assumingMemoryBound(to: Atomic<UInt16>.self).pointee
            .load(ordering: .relaxed)
        return Virtqueue.passed(event: UInt16(littleEndian: event), from: decided, to: nextUsed)
    }

    /// Publishes, and interrupts the driver when it wants to hear of it; says whether it was interrupted.
    @inline(__always)
    @discardableResult
    public mutating func flush() -> Bool {
        publish()
        guard shouldInterrupt(), interrupt >= 0 else { return false }
        EventFD.signal(interrupt)
        return true
    }

    /// Whether an index that went from `old` to `new` went past `event`: vring_need_event (§2.7.10.1).
    @inline(__always)
    static func passed(event: UInt16, from old: UInt16, to new: UInt16) -> Bool {
        new &- event &- 1 < new &- old
    }
}
