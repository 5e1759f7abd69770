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
    private static let bytes = 64 << 10

    init() throws(Errno) {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let buffer = try Mapping(count: BounceBuffer.bytes, protection: PROT_READ | PROT_WRITE, flags: flags)
        let zeros = try Mapping(count: BounceBuffer.bytes, protection: PROT_READ, flags: flags)
        self.buffer = buffer
        self.zeros = zeros
    }

    /// Zeros, to be read only.
    var zeroBytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: zeros.base, count: zeros.count) }

    /// Fills the vectors block by block.
    func read(_ vectors: IOSpan, at offset: Int64, _ file: ImageFile) throws(Errno) {
        let alignment = file.offsetAlignment
        var left = vectors
        var at = offset
        var count = vectors.byteCount
        while count > 0 {
            let skip = Int(at) & (alignment &- 1)
            let part = min(count, BounceBuffer.bytes &- skip)
            try load(file, at: at &- Int64(skip), count: BounceBuffer.roundUp(skip &+ part, alignment))
            // SAFETY: `skip + part` is at most the buffer's size.
            _ = unsafe left.write(UnsafeRawBufferPointer(start: buffer.base + skip, count: part))
            at &+= Int64(part)
            count &-= part
        }
    }

    /// Stores the vectors block by block, reading blocks that are only partly written.
    func write(_ vectors: IOSpan, at offset: Int64, _ file: ImageFile) throws(Errno) {
        let alignment = file.offsetAlignment
        var left = vectors
        var at = offset
        var count = vectors.byteCount
        while count > 0 {
            let skip = Int(at) & (alignment &- 1)
            let part = min(count, BounceBuffer.bytes &- skip)
            let whole = BounceBuffer.roundUp(skip &+ part, alignment)
            if whole == part {
                // SAFETY: `part` is at most the buffer's size.
                _ = unsafe left.read(into: UnsafeMutableRawBufferPointer(start: buffer.base, count: part))
                try store(file, buffer, at: at, count: whole)
            } else {
                try file.partialBlocks.withLock { _ throws(Errno) in
                    try load(file, at: at &- Int64(skip), count: whole)
                    // SAFETY: `skip + part` is at most the buffer's size.
                    _ = unsafe left.read(into: UnsafeMutableRawBufferPointer(start: buffer.base + skip, count: part))
                    try store(file, buffer, at: at &- Int64(skip), count: whole)
                }
            }
            at &+= Int64(part)
            count &-= part
        }
    }

    /// Writes zeros.
    func zero(_ file: ImageFile, at offset: Int64, count: UInt64) throws(Errno) {
        var at = offset
        var left = count
        while left > 0 {
            let part = Int(min(left, UInt64(BounceBuffer.bytes)))
            if file.isWhole(UInt64(at), UInt64(part)) {
                try store(file, zeros, at: at, count: part)
            } else {
                var vector = unsafe iovec(iov_base: zeros.base, iov_len: part)
                // SAFETY: the entry lives until the call returns; zeros are only read.
                unsafe try withUnsafeMutablePointer(to: &vector) { (p) throws(Errno) in
                    try unsafe write(IOSpan(base: p, count: 1), at: at, file)
                }
            }
            at &+= Int64(part)
            left &-= UInt64(part)
        }
    }

    // The bytes behind the end of the file are zeros, as they are for the guest.
    private func load(_ file: ImageFile, at offset: Int64, count: Int) throws(Errno) {
        var done = 0
        while done < count {
            // SAFETY: `count` is at most the buffer's size.
            let r = unsafe clinux_pread(file.descriptor.raw, buffer.base + done, count &- done, offset &+ Int64(done))
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "pread")
            // Past the page cache only the end of the file ends a transfer within a block.
            if n == 0 || (done &+ n) & (file.offsetAlignment &- 1) != 0 {
                done &+= n
                guard file.end == .zeros || UInt64(offset) &+ UInt64(done) >= file.bytes else {
                    throw Errno(code: EIO, call: "pread")
                }
                unsafe (buffer.base + done).initializeMemory(as: UInt8.self, repeating: 0, count: count &- done)
                return
            }
            done &+= n
        }
    }

    private func store(
        _ file: ImageFile, _ source: borrowing Mapping, at offset: Int64, count: Int
    ) throws(Errno) {
        var done = 0
        while done < count {
            // SAFETY: `count` is at most the mapping's size.
            let r = unsafe clinux_pwrite(file.descriptor.raw, source.base + done, count &- done, offset &+ Int64(done))
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "pwrite")
            if n == 0 { throw Errno(code: ENOSPC, call: "pwrite") }
            done &+= n
        }
    }

    private static func roundUp(_ count: Int, _ alignment: Int) -> Int { (count &+ alignment &- 1) & ~(alignment &- 1) }
}
