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

    /// Loads each word once; the 16 bytes must be RAM. Main tables are aligned to 16, indirect ones as the driver likes.
    @inline(__always)
    init(loading pointer: UnsafeMutableRawPointer) {
        if UInt(bitPattern: pointer) & 7 == 0 {
            // SAFETY: aligned to 8. Relaxed atomic loads are plain moves that the compiler may not repeat.
            let words = unsafe pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
            address = GuestAddress(UInt64(littleEndian: unsafe words.pointee.load(ordering: .relaxed)))
            rest = UInt64(littleEndian: unsafe (words + 1).pointee.load(ordering: .relaxed))
        } else {
            let (low, high) = unsafe Descriptor.loadUnaligned(pointer)
            address = GuestAddress(low)
            rest = high
        }
    }

    // Not inlined: the caller holds the two results in registers and cannot load again.
    @inline(never)
    private static func loadUnaligned(_ pointer: UnsafeMutableRawPointer) -> (UInt64, UInt64) {
        (
            UInt64(littleEndian: unsafe pointer.loadUnaligned(as: UInt64.self)),
            UInt64(littleEndian: unsafe pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}
