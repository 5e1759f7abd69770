// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Folders of our own: made, listed and removed with all that is in them.
enum FileTree {
    /// Makes a folder for this user only, unless it is there.
    /// - Throws: `Errno` of `mkdir`.
    static func makeDirectory(_ path: String) throws(Errno) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Errno(code: errno, call: "mkdir") }
    }

    /// Makes the folders above a file at a relative path; says which ones were not there, outermost first.
    /// - Throws: `Errno` of `mkdir`.
    @discardableResult
    static func makeDirectories(of path: String, in folder: String) throws(Errno) -> [String] {
        var place = folder
        var made: [String] = []
        for part in path.split(separator: "/").dropLast() {
            place += "/\(part)"
            if mkdir(place, 0o700) == 0 {
                made.append(place)
            } else if errno != EEXIST {
                throw Errno(code: errno, call: "mkdir")
            }
        }
        return made
    }

    /// The names in a folder, sorted, without `.` and `..`.
    /// - Throws: `Errno` of `opendir`.
    static func names(in path: String) throws(Errno) -> [String] {
        guard let stream = opendir(path) else { throw Errno(code: errno, call: "opendir") }
        return names(in: stream)
    }

    /// The same for an open directory.
    /// - Throws: `Errno` of `fdopendir`.
    static func names(in directory: borrowing FileDescriptor) throws(Errno) -> [String] {
        let copy = try directory.duplicate()
        guard let stream = fdopendir(copy.raw) else { throw Errno(code: errno, call: "fdopendir") }
        _ = copy.release()
        rewinddir(stream)
        return names(in: stream)
    }

    private static func names(in stream: OpaquePointer) -> [String] {
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file or a folder with all that is in it; links are not followed.
    static func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in (try? names(in: path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
