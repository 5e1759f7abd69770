// SPDX-License-Identifier: Apache-2.0

public import Linux

/// A regular file or block device whose bytes are the disk's bytes, on the caller's thread.
public struct RawImage: ~Copyable, BlockImage {
    let file: ImageFile
    private let bounce: BounceBuffer

    /// An image over an open file.
    /// - Throws: `ImageError.failed` when memory for misaligned requests cannot be mapped.
    public init(_ file: ImageFile) throws(ImageError) {
        do throws(Errno) { bounce = try BounceBuffer() } catch { throw .failed("image", error) }
        self.file = file
    }

    /// Takes over an open file or block device; parameters and errors are those of `ImageFile`.
    public init(
        owning file: consuming FileDescriptor, name: String, readOnly: Bool, lock: ImageLock? = nil
    ) throws(ImageError) {
        try self.init(ImageFile(owning: file, name: name, readOnly: readOnly, lock: lock))
    }

    /// Opens a path as an image; parameters and errors are those of `ImageFile`.
    public static func open(
        _ path: String, readOnly: Bool, direct: Bool = false, lock: ImageLock? = nil
    ) throws(ImageError) -> RawImage {
        try RawImage(ImageFile.open(path, readOnly: readOnly, direct: direct, lock: lock))
    }

    /// Capacity and alignment.
    public var properties: ImageProperties { file.properties }

    /// Fills the vectors from `offset` on.
    /// - Throws: `Errno` of `preadv`; EIO when the file has become shorter.
    @inline(__always)
    public mutating func read(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        try file.read(vectors, at: offset, bounce)
    }

    /// Stores the vectors from `offset` on.
    /// - Throws: `Errno` of `pwritev`; EROFS for a read-only image.
    @inline(__always)
    public mutating func write(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        try file.write(vectors, at: offset, durable: false, bounce)
    }

    /// Puts every completed write on stable storage.
    /// - Throws: `Errno` of `fdatasync`.
    public mutating func flush() throws(Errno) { try file.flush() }

    /// Punches a hole, or discards the blocks of a device.
    /// - Throws: `Errno`; EOPNOTSUPP when the host cannot.
    public mutating func discard(at offset: UInt64, count: UInt64) throws(Errno) {
        try file.discard(at: offset, count: count)
    }

    /// Makes the range zeros by the cheapest call the host has, by writing zeros where it has none.
    /// - Throws: `Errno` of the host's call.
    public mutating func writeZeroes(at offset: UInt64, count: UInt64, unmap: Bool) throws(Errno) {
        try file.writeZeroes(at: offset, count: count, unmap: unmap, bounce)
    }

    /// Takes the file's size as the capacity.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh() throws(Errno) { try file.refresh() }
}
