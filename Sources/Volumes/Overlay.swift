// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Storage

/// Sparse qcow2 images that an instance writes to: empty ones, and those over an image that stays as it is.
enum Overlay {
    /// What an overlay lies over.
    struct Lower {
        var path: String
        var format: ImageFormat
        /// Size of the disk in bytes.
        var bytes: UInt64
    }

    /// The most of an image that its header fills.
    private static let headerBytes = 2 << 20
    private static let sector: UInt64 = 512

    /// Makes an image of that many bytes and opens it for writing.
    /// - Throws: `VolumeError`.
    static func make(
        at path: String, bytes: UInt64, over lower: Lower? = nil, _ made: MadeFiles, field: String
    ) throws(VolumeError) -> FileDescriptor {
        try made.prepare(path, field: field)
        var creation = Qcow2Creation(size: (bytes + sector - 1) / sector * sector)
        creation.backing = lower?.path
        creation.backingFormat = lower?.format.rawValue
        do {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
            // An image file is never empty.
            try file.truncate(to: Int64(creation.clusterBytes))
            let image = try ImageFile(owning: try file.duplicate(), name: path, readOnly: false, end: .zeros)
            try creation.write(to: try OpenMetadataFile(image), name: path)
            return file
        } catch let error as Errno {
            unlink(path)
            throw VolumeError(field, "\(path) cannot be made: \(error.reason); is there space left?")
        } catch {
            unlink(path)
            throw VolumeError(field, "the disk cannot be made: \(error)")
        }
    }

    /// Finds out what an image from a container is, which no guest has written to.
    /// - Throws: `VolumeError` when it is malformed, or needs files beside itself.
    static func judge(
        _ file: borrowing FileDescriptor, at path: String, field: String
    ) throws(VolumeError) -> Lower {
        do {
            let size = try file.status().bytes
            var start = [UInt8](repeating: 0, count: Int(min(size, UInt64(headerBytes))))
            let count = try start.withUnsafeMutableBytes { buffer in
                Result { () throws(Errno) in try file.read(into: buffer, at: 0) }
            }.get()
            start.removeSubrange(count...)
            guard start.count >= 4, Qcow2Header.isQcow2(start) else {
                return Lower(path: path, format: .raw, bytes: size)
            }
            let header = try Qcow2Header.parse(start, of: path)
            // Whoever made the image would have this host read a file of their choice.
            if let backing = header.backing {
                throw VolumeError(
                    field, "\(path) has a backing file (\(backing)) of its own; flatten it by qemu-img convert")
            }
            if header.hasDataFile {
                throw VolumeError(field, "\(path) has its data in another file; convert it by qemu-img convert")
            }
            guard header.size >= sector else {
                throw VolumeError(field, "\(path) is a disk of \(header.size) bytes, too small; make a larger one")
            }
            return Lower(path: path, format: .qcow2, bytes: header.size)
        } catch let error as VolumeError {
            throw error
        } catch let error as Errno {
            throw VolumeError(field, "\(path) cannot be read: \(error.reason)")
        } catch {
            throw VolumeError(field, "the image is malformed: \(error)")
        }
    }
}
