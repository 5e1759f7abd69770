// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The unpacked files of a container image.
enum ContainerDirectory {
    /// Opens the disk of an image: the file that is named, or the only one in `/disk`; no link leads out of the image.
    /// - Throws: `VolumeError`.
    static func open(_ path: String?, of directory: String, field: String) throws(VolumeError) -> OpenedFile {
        let root: FileDescriptor
        do throws(Errno) { root = try .open(directory, O_RDONLY | O_DIRECTORY) } catch {
            throw VolumeError("\(field).image", "\(directory) cannot be opened: \(error.reason)")
        }
        let inside: String
        if let path {
            inside = path
        } else {
            let names: [String]
            do throws(Errno) {
                names = try FileTree.names(in: try .open(DiskName.folder, inRoot: root, O_RDONLY | O_DIRECTORY))
            } catch {
                throw VolumeError(
                    "\(field).image", "\(directory) has no folder /disk (\(error.reason)); name the file by path")
            }
            inside = try DiskName.only(of: names, in: directory, field: field)
        }
        let field = path == nil ? field : "\(field).path"
        let file = try DiskFile.open(inside, in: root, at: directory, isReadOnly: true, field: field)
        return OpenedFile(file: file, path: directory + (inside.hasPrefix("/") ? "" : "/") + inside)
    }
}
