// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux
import Synchronization

/// One open file or block device below a disk, with what the host said about it when it was opened.
///
/// It is shared by all engines that work on it, one a queue, and closed with the last of them.
public final class ImageFile: Sendable {
    /// What lies behind the last byte of a file.
    public enum End: Sendable {
        /// Nothing: reading there is EIO, because the disk has lost bytes it promised. Only the last sector of a file
        /// with a ragged end is filled up with zeros.
        case isError
        /// Zeros: the file is a container that grows as it is written.
        case zeros
    }

    let descriptor: FileDescriptor
    let kind: FileStatus.Kind
    /// Alignment of memory that O_DIRECT asks for; 1 when the page cache is used.
    let memoryAlignment: Int
    /// Alignment of offsets and lengths that O_DIRECT asks for; 1 when the page cache is used.
    let offsetAlignment: Int
    let end: End
    /// Every write completes on stable storage (`cache: writethrough`).
    let writesThrough: Bool
    private let isLocked: Bool
    private let opened: ImageProperties
    private let size: Atomic<UInt64>
    /// Calls the file has once refused are not tried again.
    let canPunch = Atomic<Bool>(true)
    let canZeroRange = Atomic<Bool>(true)
    /// Held while a block is read, changed in part and written back, so that two such do not undo each other.
    let partialBlocks = Mutex<Void>(())

    /// Takes over an open file or block device.
    /// - Parameters:
    ///   - name: what errors call it.
    ///   - readOnly: refuses writes, whatever the descriptor allows.
    ///   - lock: taken at once; nil chooses exclusive for writers and shared for readers.
    ///   - end: what lies behind the last byte.
    ///   - writesThrough: every write completes on stable storage.
    /// - Throws: `ImageError` that names the image and the remedy.
    public init(
        owning file: consuming FileDescriptor, name: String, readOnly: Bool, lock: ImageLock? = nil,
        end: End = .isError, writesThrough: Bool = false
    ) throws(ImageError) {
        let status: FileStatus
        let facts: ImageFacts
        do throws(Errno) {
            status = try file.status()
            let flags = Int32(try Errno.check(clinux_get_flags(file.raw), "fcntl"))
            if status.kind == .other { throw Errno(code: ENOTBLK, call: "fstat") }
            if !readOnly && flags & O_ACCMODE == O_RDONLY { throw Errno(code: EROFS, call: "open") }
            // io_uring would answer EAGAIN where a plain call waits.
            if flags & O_NONBLOCK != 0 { try file.setNonblocking(false) }
            facts = try ImageFacts(file, status, flags: flags, readOnly: readOnly)
        } catch {
            switch error.code {
            case ENOTBLK: throw .notADisk(name)
            case EROFS: throw .descriptorIsReadOnly(name)
            default: throw .failed(name, error)
            }
        }
        let lock = lock ?? (readOnly ? .shared : .exclusive)
        try lock.take(on: file, name: name)
        guard facts.properties.capacity > 0 else { throw .empty(name) }
        kind = status.kind
        memoryAlignment = facts.memoryAlignment
        offsetAlignment = facts.offsetAlignment
        opened = facts.properties
        size = Atomic(status.bytes)
        isLocked = lock != .unlocked
        self.end = end
        self.writesThrough = writesThrough
        descriptor = file
    }

    // The kernel lets go of a ring's files some time after the ring is closed; the lock ends with the disk.
    deinit { if isLocked { descriptor.unlockImage() } }

    /// Opens a path as an image.
    /// - Parameter direct: bypasses the page cache where the file system can, and uses it where it cannot.
    /// - Throws: `ImageError` that names the path and the remedy.
    public static func open(
        _ path: String, readOnly: Bool, direct: Bool = false, lock: ImageLock? = nil, end: End = .isError,
        writesThrough: Bool = false
    ) throws(ImageError) -> ImageFile {
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
        return try ImageFile(
            owning: file, name: path, readOnly: readOnly, lock: lock, end: end, writesThrough: writesThrough)
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

    /// Capacity and alignment, with the size that was last looked at.
    public var properties: ImageProperties {
        var properties = opened
        properties.fileBytes = bytes
        properties.capacity = ImageProperties.capacity(ofFile: bytes)
        return properties
    }

    /// Nothing may be written.
    @inline(__always)
    var isReadOnly: Bool { opened.isReadOnly }

    /// Bytes of the file as last looked at.
    var bytes: UInt64 { size.load(ordering: .relaxed) }

    /// Looks at the file's size again; every engine over it sees the answer.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public func refresh() throws(Errno) { size.store(try descriptor.status().bytes, ordering: .relaxed) }

    /// Makes a regular file longer; what is added reads as zeros, and every engine over it sees the new size.
    /// - Throws: `Errno` of `ftruncate`; EROFS for a read-only image, EINVAL for a size that is smaller or no multiple of
    ///   512, and for a device.
    public func grow(to bytes: UInt64) throws(Errno) {
        try requireWritable("ftruncate")
        // Somebody else may have made it longer.
        try refresh()
        guard kind == .regular, bytes >= self.bytes, bytes % ImageProperties.sectorBytes == 0,
            let length = Int64(exactly: bytes)
        else { throw Errno(code: EINVAL, call: "ftruncate") }
        try descriptor.truncate(to: length)
        try refresh()
    }

    /// Whether O_DIRECT takes this transfer as it is.
    @inline(__always)
    func isAligned(_ vectors: IOSpan, _ offset: UInt64) -> Bool {
        offsetAlignment == 1 || isAlignedForDirect(vectors, offset)
    }

    private func isAlignedForDirect(_ vectors: IOSpan, _ offset: UInt64) -> Bool {
        offset & UInt64(offsetAlignment &- 1) == 0 && vectors.isAligned(to: memoryAlignment)
            && (memoryAlignment >= offsetAlignment || vectors.byteCount & (offsetAlignment &- 1) == 0)
    }

    /// Whether this range ends and begins at blocks that O_DIRECT can write.
    @inline(__always)
    func isWhole(_ offset: UInt64, _ count: UInt64) -> Bool { (offset | count) & UInt64(offsetAlignment &- 1) == 0 }
}
