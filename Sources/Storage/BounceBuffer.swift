// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Aligned memory between a guest's buffers and a file opened with O_DIRECT, and the source of zeros.
///
/// Only requests that O_DIRECT would refuse come here: firmware and boot loaders with odd buffers, or 512-byte requests
/// on a medium of larger blocks, whose surroundings are then read first. Its pages exist once they are used.
struct BounceBuffer: ~Copyable, Sendable {
    private let buffer: Mapping
    private let zeros: Mapping
    private let alignment: Int
    private static let bytes = 64 << 10

    init(alignment: Int) throws(Errno) {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let buffer = try Mapping(count: BounceBuffer.bytes, protection: PROT_READ | PROT_WRITE, flags: flags)
        let zeros = try Mapping(count: BounceBuffer.bytes, protection: PROT_READ, flags: flags)
        self.alignment = max(alignment, 1)
        self.buffer = buffer
        self.zeros = zeros
    }

    /// Fills the vectors block by block.
    func read(_ vectors: IOSpan, at offset: Int64, _ file: borrowing FileDescriptor, limit: UInt64) throws(Errno) {
        var left = vectors
        var at = offset
        var count = vectors.byteCount
        while count > 0 {
            let skip = Int(at) & (alignment &- 1)
            let part = min(count, BounceBuffer.bytes &- skip)
            try load(file, at: at &- Int64(skip), count: roundUp(skip &+ part), limit: limit)
            // SAFETY: `skip + part` is at most the buffer's size.
            _ = unsafe left.write(UnsafeRawBufferPointer(start: buffer.base + skip, count: part))
            at &+= Int64(part)
            count &-= part
        }
    }

    /// Stores the vectors block by block, reading blocks that are only partly written.
    func write(_ vectors: IOSpan, at offset: Int64, _ file: borrowing FileDescriptor, limit: UInt64) throws(Errno) {
        var left = vectors
        var at = offset
        var count = vectors.byteCount
        while count > 0 {
            let skip = Int(at) & (alignment &- 1)
            let part = min(count, BounceBuffer.bytes &- skip)
            let whole = roundUp(skip &+ part)
            if whole != part { try load(file, at: at &- Int64(skip), count: whole, limit: limit) }
            // SAFETY: `skip + part` is at most the buffer's size.
            _ = unsafe left.read(into: UnsafeMutableRawBufferPointer(start: buffer.base + skip, count: part))
            try store(file, buffer, at: at &- Int64(skip), count: whole)
            at &+= Int64(part)
            count &-= part
        }
    }

    /// Writes zeros.
    func zero(_ file: borrowing FileDescriptor, at offset: Int64, count: UInt64, limit: UInt64) throws(Errno) {
        var at = offset
        var left = count
        while left > 0 {
            let part = Int(min(left, UInt64(BounceBuffer.bytes)))
            let isWhole = Int(at) & (alignment &- 1) == 0 && part & (alignment &- 1) == 0
            if isWhole {
                try store(file, zeros, at: at, count: part)
            } else {
                var vector = unsafe iovec(iov_base: zeros.base, iov_len: part)
                // SAFETY: the entry lives until the call returns; zeros are only read.
                unsafe try withUnsafeMutablePointer(to: &vector) { (p) throws(Errno) in
                    try unsafe write(IOSpan(base: p, count: 1), at: at, file, limit: limit)
                }
            }
            at &+= Int64(part)
            left &-= UInt64(part)
        }
    }

    // The bytes behind the end of the file are zeros, as they are for the guest.
    private func load(
        _ file: borrowing FileDescriptor, at offset: Int64, count: Int, limit: UInt64
    ) throws(Errno) {
        var done = 0
        while done < count {
            // SAFETY: `count` is at most the buffer's size.
            let r = unsafe clinux_pread(file.raw, buffer.base + done, count &- done, offset &+ Int64(done))
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "pread")
            if n == 0 {
                guard UInt64(offset) &+ UInt64(done) >= limit else { throw Errno(code: EIO, call: "pread") }
                unsafe (buffer.base + done).initializeMemory(as: UInt8.self, repeating: 0, count: count &- done)
                return
            }
            done &+= n
        }
    }

    private func store(
        _ file: borrowing FileDescriptor, _ source: borrowing Mapping, at offset: Int64, count: Int
    ) throws(Errno) {
        var done = 0
        while done < count {
            // SAFETY: `count` is at most the mapping's size.
            let r = unsafe clinux_pwrite(file.raw, source.base + done, count &- done, offset &+ Int64(done))
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "pwrite")
            if n == 0 { throw Errno(code: ENOSPC, call: "pwrite") }
            done &+= n
        }
    }

    private func roundUp(_ count: Int) -> Int { (count &+ alignment &- 1) & ~(alignment &- 1) }
}
