// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// The metadata of an image in an open file, which engines may work on at the same time.
public final class OpenMetadataFile: MetadataFile {
    private let file: ImageFile
    // Whoever calls holds the lock of the one image this file belongs to.
    private let bounce: BounceBuffer

    /// Metadata in a file that was opened to read as zeros behind its end.
    /// - Throws: `Errno` of `mmap`.
    public init(_ file: ImageFile) throws(Errno) {
        bounce = try BounceBuffer()
        self.file = file
    }

    /// The size as last looked at.
    public var bytes: UInt64 { file.bytes }
    /// A regular file can.
    public var canGrow: Bool { file.kind == .regular }

    /// Fills the buffer.
    /// - Throws: `Errno` of `pread`.
    public func read(_ target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(Errno) {
        var vector = unsafe iovec(iov_base: target.baseAddress, iov_len: target.count)
        // SAFETY: the entry and the caller's buffer live until the call returns.
        unsafe try withUnsafeMutablePointer(to: &vector) { (p) throws(Errno) in
            try unsafe file.read(IOSpan(base: p, count: 1), at: offset, bounce)
        }
    }

    /// Stores the buffer.
    /// - Throws: `Errno` of `pwrite`.
    public func write(_ source: UnsafeRawBufferPointer, at offset: UInt64) throws(Errno) {
        var vector = unsafe iovec(
            iov_base: UnsafeMutableRawPointer(mutating: source.baseAddress), iov_len: source.count)
        // SAFETY: as in `read`; a write only reads the buffer.
        unsafe try withUnsafeMutablePointer(to: &vector) { (p) throws(Errno) in
            try unsafe file.write(IOSpan(base: p, count: 1), at: offset, durable: false, bounce)
        }
        if offset &+ UInt64(source.count) > file.bytes { try file.refresh() }
    }

    /// Puts everything on stable storage.
    /// - Throws: `Errno` of `fdatasync`.
    public func sync() throws(Errno) { try file.flush() }

    /// Makes a regular file longer or shorter.
    /// - Throws: `Errno` of `ftruncate`; ENOSPC when a block device is too small.
    public func resize(to bytes: UInt64) throws(Errno) {
        guard canGrow else {
            guard bytes <= file.bytes else { throw Errno(code: ENOSPC, call: "ftruncate") }
            return
        }
        guard let length = Int64(exactly: bytes) else { throw Errno(code: EFBIG, call: "ftruncate") }
        try file.descriptor.truncate(to: length)
        try file.refresh()
    }

    /// Punches a hole into a regular file, discards blocks of a device.
    public func punch(at offset: UInt64, count: UInt64) { try? file.discard(at: offset, count: count) }
}
