// SPDX-License-Identifier: Apache-2.0

public import Glibc
public import GuestMemory

/// A part of a chain as the kernel's vector calls want it, in storage that is allocated once.
///
/// A request that outlives its `DescriptorChain` (one in flight in io_uring, say) keeps its segments here.
@safe
public struct IOVector: ~Copyable, @unchecked Sendable {
    /// Most segments it can hold.
    public let capacity: Int
    /// Segments left.
    public private(set) var count: Int
    /// Bytes left.
    public private(set) var bytes: Int
    private var first: Int
    private let segments: UnsafeMutablePointer<iovec>

    /// An empty vector.
    public init(capacity: Int) {
        self.capacity = max(capacity, 1)
        unsafe segments = .allocate(capacity: self.capacity)
        unsafe segments.initialize(repeating: iovec(), count: self.capacity)
        first = 0
        count = 0
        bytes = 0
    }

    deinit { unsafe segments.deallocate() }

    /// The segments left, for `preadv` and its kin; valid until the next change.
    @inline(__always)
    public var pointer: UnsafeMutablePointer<iovec> { unsafe segments + first }

    /// Becomes empty.
    public mutating func removeAll() {
        first = 0
        count = 0
        bytes = 0
    }

    /// Adds memory of the caller's own at the end, such as a header; false when there is no room.
    public mutating func append(_ memory: UnsafeMutableRawBufferPointer) -> Bool {
        guard memory.count > 0 else { return true }
        guard first + count < capacity else { return false }
        unsafe segments[first + count] = iovec(iov_base: memory.baseAddress, iov_len: memory.count)
        count += 1
        bytes += memory.count
        return true
    }

    /// Adds `length` bytes of a chain's readable or writable segments from `offset` on at the end.
    ///
    /// False when the segments hold fewer bytes or there is no room; the vector is then as before.
    public mutating func append(_ part: UnsafeBufferPointer<iovec>, from offset: Int, count length: Int) -> Bool {
        let count = self.count, bytes = self.bytes
        var fits = true
        let done = unsafe DescriptorChain.walk(part, from: offset, count: length) { base, _, n in
            if unsafe !append(UnsafeMutableRawBufferPointer(start: base, count: n)) { fits = false }
        }
        if fits, done == length { return true }
        self.count = count
        self.bytes = bytes
        return false
    }

    /// Forgets the first `done` bytes, after a call that did only a part.
    public mutating func removeFirst(bytes done: Int) {
        var left = min(max(done, 0), bytes)
        bytes -= left
        while left > 0 {
            // SAFETY: the segments left hold `bytes` bytes, so the walk ends within them.
            let length = unsafe segments[first].iov_len
            if left < length {
                unsafe segments[first].iov_base = segments[first].iov_base.map { unsafe $0 + left }
                unsafe segments[first].iov_len = length - left
                return
            }
            left -= length
            first += 1
            count -= 1
        }
    }

    /// Marks the first `written` bytes dirty, after they were written; every segment must be guest memory.
    public borrowing func markWritten(bytes written: Int, in memory: GuestMemory) {
        guard memory.dirty != nil else { return }
        let part = unsafe UnsafeBufferPointer(start: segments + first, count: count)
        _ = unsafe DescriptorChain.walk(part, from: 0, count: written) { base, _, n in
            unsafe memory.markDirty(memory.address(of: base), count: n)
        }
    }
}
