// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A directory that stands for a container image: kernels and RAM disks are read from it.
public enum ImageDirectory {
    /// Opens a file of the image for reading; neither `..` nor a symbolic link leads out of the directory.
    /// - Parameters:
    ///   - path: the file's absolute path in the image.
    ///   - field: the path of the field that names the file, for errors.
    /// - Throws: `VolumeError`.
    public static func open(_ path: String, of directory: String, field: String) throws(VolumeError) -> FileDescriptor {
        let root: FileDescriptor
        do throws(Errno) { root = try .open(directory, O_RDONLY | O_DIRECTORY) } catch {
            let reason = error.code == ENOTDIR ? "it is no directory" : error.reason
            throw VolumeError(field, "the image's directory \(directory) cannot be opened: \(reason)")
        }
        let file: FileDescriptor
        do throws(Errno) { file = try .open(path, inRoot: root, O_RDONLY | O_NONBLOCK | O_NOCTTY) } catch {
            let hint =
                error.code == ENOENT || error.code == ENOTDIR
                ? "there is no file \(path) in the image's directory \(directory)"
                : "\(path) in the image's directory \(directory) cannot be opened: \(error.reason)"
            throw VolumeError(field, hint)
        }
        let status: FileStatus
        do throws(Errno) {
            status = try file.status()
            try file.setNonblocking(false)
        } catch {
            throw VolumeError(field, "\(path) in the image's directory \(directory) cannot be read: \(error.reason)")
        }
        guard status.kind == .regular else {
            throw VolumeError(field, "\(path) in the image's directory \(directory) is no regular file")
        }
        guard status.bytes > 0 else {
            throw VolumeError(field, "\(path) in the image's directory \(directory) is empty")
        }
        return file
    }
}
