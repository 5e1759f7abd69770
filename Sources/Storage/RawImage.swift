// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// A regular file or block device whose bytes are the disk's bytes.
public struct RawImage: ~Copyable, BlockImage {
    let file: FileDescriptor
    let kind: FileStatus.Kind
    /// Capacity and alignment.
    public private(set) var properties: ImageProperties
    // Calls the file has once refused are not tried again.
    private var canPunch = true
    private var canZeroRange = true
    private var bounce: BounceBuffer

    /// Takes over an open file or block device.
    /// - Parameters:
    ///   - name: what errors call it.
    ///   - readOnly: refuses writes, whatever the descriptor allows.
    ///   - lock: taken at once; nil chooses exclusive for writers and shared for readers.
    /// - Throws: `ImageError` that names the image and the remedy.
    public init(
        owning file: consuming FileDescriptor, name: String, readOnly: Bool, lock: ImageLock? = nil
    ) throws(ImageError) {
        let status: FileStatus
        let properties: ImageProperties
        let bounce: BounceBuffer
        do throws(Errno) {
            status = try file.status()
            let flags = Int32(try Errno.check(clinux_get_flags(file.raw), "fcntl"))
            if status.kind == .other { throw Errno(code: ENOTBLK, call: "fstat") }
            if !readOnly && flags & O_ACCMODE == O_RDONLY { throw Errno(code: EROFS, call: "open") }
            properties = try RawImage.examine(file, status, flags: flags, readOnly: readOnly)
            bounce = try BounceBuffer(alignment: properties.directAlignment)
        } catch {
            switch error.code {
            case ENOTBLK: throw .notADisk(name)
            case EROFS: throw .descriptorIsReadOnly(name)
            default: throw .failed(name, error)
            }
        }
        try (lock ?? (readOnly ? .shared : .exclusive)).take(on: file, name: name)
        guard properties.capacity > 0 else { throw .empty(name) }
        kind = status.kind
        self.properties = properties
        self.bounce = bounce
        self.file = file
    }

    /// Opens a path as an image.
    /// - Parameter direct: bypasses the page cache where the file system can, and uses it where it cannot.
    /// - Throws: `ImageError` that names the path and the remedy.
    public static func open(
        _ path: String, readOnly: Bool, direct: Bool = false, lock: ImageLock? = nil
    ) throws(ImageError) -> RawImage {
        let access = readOnly ? O_RDONLY : O_RDWR
        // O_NONBLOCK keeps the open of a pipe or a tape from waiting; it means nothing to files and disks.
        let flags = access | O_NONBLOCK | O_NOCTTY
        let file: FileDescriptor
        do throws(Errno) {
            file = try openFile(path, flags, direct: direct)
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: throw .missing(path)
            case EACCES, EPERM, EROFS: throw .forbidden(path, writing: !readOnly)
            case EISDIR, ENXIO, ENODEV: throw .notADisk(path)
            default: throw .failed(path, error)
            }
        }
        return try RawImage(owning: file, name: path, readOnly: readOnly, lock: lock)
    }

    private static func openFile(_ path: String, _ flags: Int32, direct: Bool) throws(Errno) -> FileDescriptor {
        if direct {
            do throws(Errno) {
                return try FileDescriptor.open(path, flags | CLINUX_O_DIRECT)
            } catch {
                if error.code != EINVAL { throw error }
            }
        }
        return try FileDescriptor.open(path, flags)
    }

    // MARK: BlockImage

    /// Fills the vectors from `offset` on.
    /// - Throws: `Errno` of `preadv`; EIO when the file has become shorter.
    @inline(__always)
    public mutating func read(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        guard let at = Int64(exactly: offset) else { throw Errno(code: EINVAL, call: "preadv") }
        if !isAligned(vectors, offset) { return try bounce.read(vectors, at: at, file, limit: properties.fileBytes) }
        try Transfer.read(file.raw, vectors, at: at, limit: properties.fileBytes)
    }

    /// Stores the vectors from `offset` on.
    /// - Throws: `Errno` of `pwritev`; EROFS for a read-only image.
    @inline(__always)
    public mutating func write(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        guard !properties.isReadOnly else { throw Errno(code: EROFS, call: "pwritev") }
        guard let at = Int64(exactly: offset) else { throw Errno(code: EINVAL, call: "pwritev") }
        if !isAligned(vectors, offset) { return try bounce.write(vectors, at: at, file, limit: properties.fileBytes) }
        try Transfer.write(file.raw, vectors, at: at)
    }

    /// Puts every completed write on stable storage.
    /// - Throws: `Errno` of `fdatasync`.
    public mutating func flush() throws(Errno) {
        while true {
            let r = clinux_fdatasync(file.raw)
            if r == -Int(EINTR) { continue }
            try Errno.check(r, "fdatasync")
            return
        }
    }

    /// Punches a hole, or discards the blocks of a device.
    /// - Throws: `Errno`; EOPNOTSUPP when the host cannot.
    public mutating func discard(at offset: UInt64, count: UInt64) throws(Errno) {
        guard !properties.isReadOnly else { throw Errno(code: EROFS, call: "fallocate") }
        guard count > 0 else { return }
        guard canPunch else { throw Errno(code: EOPNOTSUPP, call: "fallocate") }
        do throws(Errno) {
            switch kind {
            case .blockDevice: try device(CLINUX_BLKDISCARD, "ioctl BLKDISCARD", offset, count)
            default: try allocate(CLINUX_PUNCH_HOLE, offset, count)
            }
        } catch {
            guard RawImage.isUnsupported(error) else { throw error }
            canPunch = false
            throw Errno(code: EOPNOTSUPP, call: error.call)
        }
    }

    /// Makes the range zeros by the cheapest call the host has, by writing zeros where it has none.
    /// - Throws: `Errno` of the host's call.
    public mutating func writeZeroes(at offset: UInt64, count: UInt64, unmap: Bool) throws(Errno) {
        guard !properties.isReadOnly else { throw Errno(code: EROFS, call: "fallocate") }
        guard count > 0 else { return }
        if unmap && canPunch && kind == .regular {
            do throws(Errno) {
                return try allocate(CLINUX_PUNCH_HOLE, offset, count)
            } catch {
                guard RawImage.isUnsupported(error) else { throw error }
                canPunch = false
            }
        }
        if canZeroRange {
            do throws(Errno) {
                switch kind {
                case .blockDevice: try device(CLINUX_BLKZEROOUT, "ioctl BLKZEROOUT", offset, count)
                default: try allocate(CLINUX_ZERO_RANGE, offset, count)
                }
                return
            } catch {
                guard RawImage.isUnsupported(error) else { throw error }
                canZeroRange = false
            }
        }
        guard let at = Int64(exactly: offset) else { throw Errno(code: EINVAL, call: "pwritev") }
        try bounce.zero(file, at: at, count: count, limit: properties.fileBytes)
    }

    /// Takes the file's size as the capacity.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh() throws(Errno) {
        let bytes = try file.status().bytes
        properties.fileBytes = bytes
        properties.capacity = RawImage.capacity(of: bytes)
    }

    // MARK: Parts

    @inline(__always)
    private func isAligned(_ vectors: IOSpan, _ offset: UInt64) -> Bool {
        let alignment = properties.directAlignment
        return alignment == 1 || (offset & UInt64(alignment &- 1) == 0 && vectors.isAligned(to: alignment))
    }

    private func allocate(_ mode: Int32, _ offset: UInt64, _ count: UInt64) throws(Errno) {
        guard let at = Int64(exactly: offset), let n = Int64(exactly: count) else {
            throw Errno(code: EINVAL, call: "fallocate")
        }
        while true {
            let r = clinux_fallocate(file.raw, mode, at, n)
            if r == -Int(EINTR) { continue }
            try Errno.check(r, "fallocate")
            return
        }
    }

    private func device(_ request: UInt, _ call: StaticString, _ offset: UInt64, _ count: UInt64) throws(Errno) {
        var range = (offset, count)
        // SAFETY: both requests read two 64-bit numbers.
        try Errno.check(unsafe clinux_ioctl_pointer(file.raw, request, &range), call)
    }

    private static func isUnsupported(_ error: Errno) -> Bool {
        error.code == EOPNOTSUPP || error.code == ENOSYS || error.code == ENOTTY || error.code == ENODEV
    }

    // The capacity a file of so many bytes gives, in whole sectors.
    static func capacity(of bytes: UInt64) -> UInt64 {
        let limit = UInt64(Int64.max) & ~(ImageProperties.sectorBytes - 1)
        return bytes >= limit ? limit : (bytes + ImageProperties.sectorBytes - 1) & ~(ImageProperties.sectorBytes - 1)
    }
}
