// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Synchronization

/// A copy of one entry of a packed ring: `struct pvirtq_desc` (virtio 1.2 §2.8.13).
struct PackedDescriptor {
    /// VIRTQ_DESC_F_AVAIL.
    static let available: UInt16 = 1 << 7
    /// VIRTQ_DESC_F_USED.
    static let used: UInt16 = 1 << 15

    /// Length, buffer ID and flags as one little-endian word: what says that the entry is available, and everything
    /// else the driver wrote before saying so, come from one load.
    let word: UInt64

    var length: UInt32 { UInt32(truncatingIfNeeded: word) }
    var id: UInt16 { UInt16(truncatingIfNeeded: word >> 32) }
    var flags: UInt16 { UInt16(truncatingIfNeeded: word >> 48) }

    /// Loads the second word of an entry that is aligned to 16, before whatever of that chain is loaded next.
    @inline(__always)
    init(_ entry: UnsafeMutableRawPointer) {
        // SAFETY: the caller checked that the entry is RAM and aligned.
        word = UInt64(
            littleEndian: unsafe (entry + 8).assumingMemoryBound(to: Atomic<UInt64>.self).pointee
                .load(ordering: .acquiring))
    }

    /// The word that reports a buffer as used (§2.8.8): both bits equal the device's wrap counter, and WRITE says that
    /// the length means something.
    @inline(__always)
    init(used id: UInt16, written: UInt32, wrap: Bool) {
        let flags =
            (wrap ? PackedDescriptor.available | PackedDescriptor.used : 0) | (written > 0 ? Descriptor.write : 0)
        word = UInt64(written) | UInt64(id) << 32 | UInt64(flags) << 48
    }

    /// Whether the driver made it available in the turn of the ring that `position` is in (§2.8.1).
    @inline(__always)
    func isAvailable(at position: RingPosition) -> Bool {
        let expected = position.wrap ? PackedDescriptor.available : PackedDescriptor.used
        return (flags ^ expected) & (PackedDescriptor.available | PackedDescriptor.used) == 0
    }

    /// The first word of an entry that is aligned to 16: its address.
    @inline(__always)
    static func address(_ entry: UnsafeMutableRawPointer) -> GuestAddress {
        // SAFETY: as in `init`.
        GuestAddress(
            UInt64(
                littleEndian: unsafe entry.assumingMemoryBound(to: Atomic<UInt64>.self).pointee
                    .load(ordering: .relaxed)))
    }
}
