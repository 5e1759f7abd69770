// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Synchronization

/// One bit for each 4 KiB page of guest-physical space that *we* wrote since the bit was last taken.
///
/// Threads mark without a lock; KVM's own dirty log knows only what vCPUs wrote.
@safe
public struct DirtyBitmap: @unchecked Sendable {
    /// log2 of the bytes a bit stands for.
    public static let pageShift: UInt64 = 12
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    /// Wraps `count` words of zeroed memory that outlive every copy of this value.
    init(words: UnsafeMutableRawPointer, count: Int) {
        // SAFETY: Atomic<UInt64> has the layout of UInt64 and zero is a valid value of it.
        unsafe self.words = words.bindMemory(to: Atomic<UInt64>.self, capacity: count)
        self.count = count
    }

    /// Marks every page that the range touches; bytes beyond the bitmap are ignored.
    @inline(__always)
    public func mark(_ at: GuestAddress, count bytes: Int) {
        guard bytes > 0 else { return }
        var page = at.rawValue >> DirtyBitmap.pageShift
        let last = (at.rawValue &+ UInt64(bytes) &- 1) >> DirtyBitmap.pageShift
        while page <= last {
            let word = Int(page >> 6)
            guard word < count else { return }
            // SAFETY: `word` is below `count`. Relaxed: whoever takes the bits has stopped the writers or will
            // look again; the data itself is ordered by the used ring's release store.
            unsafe (words + word).pointee.bitwiseOr(1 << (page & 63), ordering: .relaxed)
            page &+= 1
        }
    }

    /// Where the bits lie in this process, for a kernel that marks pages in them itself (VHOST_SET_LOG_BASE).
    public var hostAddress: UInt { unsafe UInt(bitPattern: words) }

    /// Takes a word of 64 pages' bits and leaves zeros.
    public func take(word: Int) -> UInt64 {
        guard word >= 0, word < count else { return 0 }
        return unsafe (words + word).pointee.exchange(0, ordering: .relaxed)
    }
}
