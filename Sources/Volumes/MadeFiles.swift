// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The files that were made for an instance outside of its own directory: noted there before they are made, so that
/// whoever removes that directory removes them, also after a crash.
public struct MadeFiles: Sendable {
    /// The instance's own directory.
    let directory: String

    private static func journal(of directory: String) -> String { "\(directory)/made" }

    /// Notes a file that is about to be made, removes an older one of its name, and makes the folders above it.
    /// - Throws: `VolumeError`.
    func prepare(_ path: String, field: String) throws(VolumeError) {
        do throws(Errno) {
            if !path.hasPrefix(directory + "/") {
                // The folders are made first to be known, and removed only when they are empty.
                let made = try FileTree.makeDirectories(of: path, in: "")
                let journal = try FileDescriptor.open(Self.journal(of: directory), O_WRONLY | O_CREAT | O_APPEND)
                try journal.writeAll(Array((made + [path]).map { "\($0)\n" }.joined().utf8))
            }
        } catch {
            throw VolumeError(field, "\(path) cannot be made: \(error.reason)")
        }
        FileTree.remove(path)
    }

    /// Removes what was made for the instance of a directory.
    public static func remove(of directory: String) {
        guard let file = try? FileDescriptor.open(journal(of: directory), O_RDONLY | O_NOFOLLOW),
            let bytes = try? file.readAll(limit: 1 << 20)
        else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").reversed() {
            let path = String(line)
            if unlink(path) != 0 { rmdir(path) }
        }
    }
}
