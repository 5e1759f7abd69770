// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Synchronization

/// A copy of one entry of a descriptor table: `struct virtq_desc` (virtio 1.2 §2.7.5).
struct Descriptor {
    /// VIRTQ_DESC_F_NEXT.
    static let next: UInt16 = 1
    /// VIRTQ_DESC_F_WRITE.
    static let write: UInt16 = 2
    /// VIRTQ_DESC_F_INDIRECT.
    static let indirect: UInt16 = 4

    let address: GuestAddress
    /// Length, flags and next as one little-endian word: loaded once, taken apart as often as needed.
    private let rest: UInt64

    var length: UInt32 { UInt32(truncatingIfNeeded: rest) }
    var flags: UInt16 { UInt16(truncatingIfNeeded: rest >> 32) }
    var next: UInt16 { UInt16(truncatingIfNeeded: rest >> 48) }

    /// Loads each word once from 16 bytes of RAM that are aligned to 8, as those of a main table are.
    @inline(__always)
    init(aligned pointer: UnsafeMutableRawPointer) {
        // SAFETY: the caller checked alignment. Relaxed atomic loads are plain moves that the compiler may not repeat.
        let words = unsafe pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
        address = GuestAddress(UInt64(littleEndian: unsafe words.pointee.load(ordering: .relaxed)))
        rest = UInt64(littleEndian: unsafe (words + 1).pointee.load(ordering: .relaxed))
    }

    /// Loads each word once from 16 bytes of RAM at any alignment: indirect tables lie as the driver likes.
    ///
    /// Not inlined: the caller holds the copy and cannot load again.
    @inline(never)
    init(unaligned pointer: UnsafeMutableRawPointer) {
        // SAFETY: the caller checked that 16 bytes are RAM.
        address = GuestAddress(UInt64(littleEndian: unsafe pointer.loadUnaligned(as: UInt64.self)))
        rest = UInt64(littleEndian: unsafe pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
}
