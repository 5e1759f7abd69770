// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A file system in memory that can be filled, and given more room; unmounted at the end.
final class SmallFileSystem {
    private let folder: URL

    /// Mounts it; nil where that is not allowed.
    init?(mebibytes: Int) {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-small-\(UUID().uuidString)")
        guard (try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)) != nil,
            mount("apus-test", folder.path, "tmpfs", 0, "size=\(mebibytes)M") == 0
        else {
            try? FileManager.default.removeItem(at: folder)
            return nil
        }
    }

    deinit {
        umount2(folder.path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(at: folder)
    }

    /// Gives it more room.
    func grow(mebibytes: Int) throws {
        guard mount("apus-test", folder.path, "tmpfs", UInt(MS_REMOUNT), "size=\(mebibytes)M") == 0 else {
            throw Unmet("the file system cannot grow: \(String(cString: strerror(errno)))")
        }
    }

    /// A file with a hole of this size.
    func file(_ name: String, size: Int) throws -> String {
        let path = folder.appendingPathComponent(name).path
        guard FileManager.default.createFile(atPath: path, contents: nil), truncate(path, size) == 0 else {
            throw Unmet("\(path) cannot be made")
        }
        return path
    }
}
