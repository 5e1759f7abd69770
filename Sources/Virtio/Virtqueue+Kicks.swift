// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Synchronization

extension Virtqueue {
    /// Asks the driver to kick for the next chain; true when one is there already, so that no kick will come for it.
    @inline(__always)
    public mutating func enableKicks() -> Bool {
        if isPacked { return enableKicksPacked() }
        if eventIndex {
            storeUsed(nextAvailable, at: 4 + 8 * Int(size))
        } else {
            storeUsed(0, at: 0)
        }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return loadAvailableIndex() != nextAvailable
    }

    /// Asks the driver not to kick; a hint, kicks may still come.
    ///
    /// With EVENT_IDX a split ring's event index simply stays behind, which is as good as off for 65535 chains.
    @inline(__always)
    public mutating func disableKicks() {
        if isPacked { return disableKicksPacked() }
        if !eventIndex { storeUsed(1, at: 0) }
    }

    @inline(__always)
    private func storeUsed(_ value: UInt16, at offset: Int) {
        // SAFETY: an even offset within the used ring: its flags, or avail_event behind its elements with EVENT_IDX.
        unsafe (used + offset).assumingMemoryBound(to: Atomic<UInt16>.self).pointee
            .store(value.littleEndian, ordering: .relaxed)
        memory.markDirty(GuestAddress(usedAddress.rawValue &+ UInt64(offset)), count: 2)
    }
}
