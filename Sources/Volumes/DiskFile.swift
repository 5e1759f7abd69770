// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Opens what a disk is made of and makes sure that it is that.
enum DiskFile {
    /// Opens an image file or a block device and locks it: for writing against everyone, for reading against writers.
    /// - Parameter field: the path of the field that names the file, for errors.
    /// - Throws: `VolumeError`.
    static func open(_ path: String, isReadOnly: Bool, field: String) throws(VolumeError) -> FileDescriptor {
        let file: FileDescriptor
        do throws(Errno) { file = try .open(path, flags(isReadOnly)) } catch {
            throw VolumeError(field, failure(error, of: path, isReadOnly: isReadOnly))
        }
        try check(file, isReadOnly: isReadOnly, name: path, field: field)
        return file
    }

    /// The same for a path in a directory, which it must not leave.
    /// - Throws: `VolumeError`.
    static func open(
        _ path: String, in directory: borrowing FileDescriptor, at place: String, isReadOnly: Bool, field: String
    ) throws(VolumeError) -> FileDescriptor {
        let name = "\(place)/\(path)"
        let file: FileDescriptor
        do throws(Errno) { file = try .open(path, inRoot: directory, flags(isReadOnly)) } catch {
            throw VolumeError(field, failure(error, of: name, isReadOnly: isReadOnly))
        }
        try check(file, isReadOnly: isReadOnly, name: name, field: field)
        return file
    }

    /// A FIFO would otherwise make the opening wait for its other end.
    private static func flags(_ isReadOnly: Bool) -> Int32 {
        (isReadOnly ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY
    }

    private static func check(
        _ file: borrowing FileDescriptor, isReadOnly: Bool, name: String, field: String
    ) throws(VolumeError) {
        let status: FileStatus
        do throws(Errno) {
            status = try file.status()
            try file.setNonblocking(false)
        } catch {
            throw VolumeError(field, failure(error, of: name, isReadOnly: isReadOnly))
        }
        guard status.kind != .other else {
            throw VolumeError(field, "\(name) is neither a file nor a block device; name a raw disk image")
        }
        guard status.bytes > 0 else {
            throw VolumeError(field, "\(name) is empty; a disk needs at least one sector")
        }
        guard status.bytes >= 512 else {
            throw VolumeError(
                field, "\(name) has \(status.bytes) bytes, too few for a disk of one sector; name a disk image")
        }
        do throws(Errno) { try file.lockImage(isReadOnly ? .reading : .writing, within: patience) } catch {
            guard error.code == EAGAIN || error.code == EACCES else {
                throw VolumeError(field, "\(name) cannot be locked: \(error.reason)")
            }
            throw VolumeError(
                field, "\(name) is in use by another VM; stop that, or attach the disk read-only to both")
        }
    }

    /// How long the files of a launcher that has just ended may stay locked, in milliseconds.
    private static let patience: UInt64 = 1000

    private static func failure(_ error: Errno, of name: String, isReadOnly: Bool) -> String {
        switch error.code {
        case ENOENT, ENOTDIR: "there is no file \(name); create it or correct the path"
        case EACCES, EPERM:
            "\(name) may not be opened for \(isReadOnly ? "reading" : "writing"); change its permissions"
                + (isReadOnly ? "" : " or make the disk read-only")
        case EROFS: "\(name) is on a read-only file system; make the disk read-only"
        case EISDIR: "\(name) is a directory; name a raw disk image"
        case EBUSY: "\(name) is in use by this host; unmount it first"
        case ELOOP: "\(name) leads nowhere: too many symbolic links"
        case ENXIO: "\(name) is neither a file nor a block device; name a raw disk image"
        default: "\(name) cannot be opened: \(error.reason)"
        }
    }
}
