// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The files of a mounted ConfigMap, Secret or the like: what a kubelet, or a person, put into a directory.
enum MountedFiles {
    private static let mostFiles = 4096
    private static let mostDepth = 16

    /// All files below a directory by their relative paths, sorted; no link of it leads out.
    ///
    /// A kubelet keeps the files in a hidden folder and switches links over: names with two dots in front are its own.
    /// - Throws: `VolumeError` that names what cannot be read, or says that it is more than a disk of ours takes.
    static func read(_ directory: String, field: String) throws(VolumeError) -> [(path: String, content: [UInt8])] {
        let root: FileDescriptor
        do throws(Errno) { root = try .open(directory, O_RDONLY | O_DIRECTORY) } catch {
            throw VolumeError(field, Self.failure(error, of: directory))
        }
        var files: [(path: String, content: [UInt8])] = []
        var left = ISOImage.mostBytes
        try collect("", of: root, at: directory, depth: 0, &left, &files, field: field)
        return files
    }

    /// The first of some files that is there; nil when none is.
    /// - Throws: `VolumeError` that names what cannot be read.
    static func first(of names: [String], in directory: String, field: String) throws(VolumeError) -> [UInt8]? {
        let root: FileDescriptor
        do throws(Errno) { root = try .open(directory, O_RDONLY | O_DIRECTORY) } catch {
            throw VolumeError(field, Self.failure(error, of: directory))
        }
        for name in names {
            do throws(Errno) {
                let file = try FileDescriptor.open(name, inRoot: root, O_RDONLY | O_NONBLOCK | O_NOCTTY)
                guard try file.status().kind == .regular else { continue }
                return try file.readAll(limit: 1 << 20)
            } catch {
                if error.code == ENOENT { continue }
                let reason = error.code == EFBIG ? "it has more than 1 MiB" : error.reason
                throw VolumeError(field, "\(directory)/\(name) cannot be read: \(reason)")
            }
        }
        return nil
    }

    private static func collect(
        _ folder: String, of root: borrowing FileDescriptor, at place: String, depth: Int, _ left: inout Int,
        _ files: inout [(path: String, content: [UInt8])], field: String
    ) throws(VolumeError) {
        guard depth < mostDepth else {
            throw VolumeError(field, "\(place)/\(folder) lies \(mostDepth) folders deep; flatten it")
        }
        let names: [String]
        do throws(Errno) {
            let directory = try FileDescriptor.open(folder.isEmpty ? "." : folder, inRoot: root, O_RDONLY | O_DIRECTORY)
            names = try FileTree.names(in: directory)
        } catch {
            throw VolumeError(field, failure(error, of: "\(place)/\(folder)"))
        }
        for name in names where !name.hasPrefix("..") {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let isFolder: Bool
            do throws(Errno) {
                isFolder = (try? FileDescriptor.open(path, inRoot: root, O_RDONLY | O_DIRECTORY)) != nil
                if !isFolder {
                    let file = try FileDescriptor.open(path, inRoot: root, O_RDONLY | O_NONBLOCK | O_NOCTTY)
                    let status = try file.status()
                    guard status.kind == .regular else { throw Errno(code: EINVAL, call: "open") }
                    // Judged before it is read: a sparse file may say anything.
                    guard status.bytes <= UInt64(left) else { throw Errno(code: EFBIG, call: "read") }
                    let content = try file.readAll(limit: left)
                    left -= content.count
                    files.append((path, content))
                }
            } catch {
                throw VolumeError(field, failure(error, of: "\(place)/\(path)"))
            }
            guard files.count <= mostFiles else {
                throw VolumeError(field, "\(place) has more than \(mostFiles) files; pack them into one")
            }
            if isFolder {
                try collect(path, of: root, at: place, depth: depth + 1, &left, &files, field: field)
            }
        }
    }

    private static func failure(_ error: Errno, of path: String) -> String {
        switch error.code {
        case EFBIG:
            "\(path) takes its directory above the \(ISOImage.mostBytes >> 20) MiB that such a disk may hold; "
                + "put large files on a disk image"
        case EINVAL: "\(path) is neither a file nor a folder; remove it"
        case ENOTDIR: "\(path) is no directory; name one that holds one file a key"
        case ENOENT: "there is no directory \(path); make it or correct its name"
        case EACCES, EPERM: "\(path) may not be read; change its permissions"
        default: "\(path) cannot be read: \(error.reason)"
        }
    }
}
