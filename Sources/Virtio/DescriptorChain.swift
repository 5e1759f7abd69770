// SPDX-License-Identifier: Apache-2.0

public import Glibc
public import GuestMemory

/// One request as the driver laid it out: segments of guest memory, first those to read, then those to write.
///
/// A chain is allocated once and filled again and again by `Virtqueue.next`. Every segment has been checked to be RAM, so
/// its host pointer stays good as long as guest memory does; what the bytes say can change at any time, so read once and
/// judge the copy.
@safe
public struct DescriptorChain: ~Copyable, @unchecked Sendable {
    /// Most segments it can hold.
    public let capacity: Int
    /// Names the chain for `Virtqueue.complete` and `putBack`.
    public internal(set) var token: ChainToken
    /// Bytes the device may read.
    public internal(set) var readableBytes: Int
    /// Bytes the device may write.
    public internal(set) var writableBytes: Int
    var readableCount: Int
    var count: Int
    let segments: UnsafeMutablePointer<iovec>
    let memory: GuestMemory

    /// An empty chain that can hold `capacity` segments: at least as many as the largest queue it is used with, or its
    /// longest legal request; a longer one is a `QueueError.chainTooLong`.
    public init(capacity: Int, memory: GuestMemory) {
        self.capacity = max(capacity, 1)
        self.memory = memory
        unsafe segments = .allocate(capacity: self.capacity)
        unsafe segments.initialize(repeating: iovec(), count: self.capacity)
        token = .none
        readableBytes = 0
        writableBytes = 0
        readableCount = 0
        count = 0
    }

    deinit { unsafe segments.deallocate() }

    /// The segments to read, in order.
    @inline(__always)
    public var readable: UnsafeBufferPointer<iovec> {
        unsafe UnsafeBufferPointer(start: segments, count: readableCount)
    }

    /// The segments to write, in order.
    @inline(__always)
    public var writable: UnsafeBufferPointer<iovec> {
        unsafe UnsafeBufferPointer(start: segments + readableCount, count: count - readableCount)
    }

    /// Copies readable bytes from `offset` on into the buffer; says how many there were.
    public borrowing func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        // SAFETY: each step copies no more than what is left of both the segment and the buffer.
        unsafe DescriptorChain.walk(readable, from: offset, count: buffer.count) { segment, done, count in
            if let to = buffer.baseAddress { unsafe memcpy(to + done, segment, count) }
        }
    }

    /// Loads a value from the readable bytes, at any alignment; nil when they end before it does.
    @inlinable
    public borrowing func load<T: BitwiseCopyable>(_: T.Type = T.self, at offset: Int) -> T? {
        unsafe withUnsafeTemporaryAllocation(byteCount: MemoryLayout<T>.size, alignment: 16) { buffer in
            guard unsafe read(at: offset, into: buffer) == buffer.count else { return nil }
            return unsafe buffer.loadUnaligned(as: T.self)
        }
    }

    /// Copies bytes into the writable segments from `offset` on and marks them dirty; says how many found room.
    @discardableResult
    public borrowing func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        // SAFETY: as in `read`.
        unsafe DescriptorChain.walk(writable, from: offset, count: bytes.count) { segment, done, count in
            guard let from = bytes.baseAddress else { return }
            unsafe memcpy(segment, from + done, count)
            unsafe memory.markDirty(memory.address(of: segment), count: count)
        }
    }

    /// Stores a value into the writable bytes, at any alignment, and marks it dirty; false when it does not fit.
    @inlinable
    @discardableResult
    public borrowing func store<T: BitwiseCopyable>(_ value: T, at offset: Int) -> Bool {
        guard offset >= 0, offset <= writableBytes - MemoryLayout<T>.size else { return false }
        return unsafe withUnsafeBytes(of: value) { unsafe write($0, at: offset) } == MemoryLayout<T>.size
    }

    /// Marks writable bytes dirty that were filled by other means, such as a system call; after they were written.
    public borrowing func markWritten(from offset: Int = 0, count: Int) {
        guard memory.dirty != nil else { return }
        _ = unsafe DescriptorChain.walk(writable, from: offset, count: count) { segment, _, count in
            unsafe memory.markDirty(memory.address(of: segment), count: count)
        }
    }

    /// Calls `body` with each piece of the range, its distance from the range's start and its length.
    @inline(__always)
    static func walk(
        _ segments: UnsafeBufferPointer<iovec>, from offset: Int, count: Int,
        _ body: (UnsafeMutableRawPointer, _ done: Int, _ count: Int) -> Void
    ) -> Int {
        guard offset >= 0 else { return 0 }
        var skip = offset
        var done = 0
        var i = 0
        while done < count, i < segments.count {
            let segment = unsafe segments[i]
            i += 1
            let length = unsafe segment.iov_len
            guard skip < length, let base = unsafe segment.iov_base else {
                skip -= length
                continue
            }
            let piece = min(length - skip, count - done)
            unsafe body(base + skip, done, piece)
            done += piece
            skip = 0
        }
        return done
    }
}
