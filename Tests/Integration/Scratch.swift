// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A folder of its own for files of a test, removed at the end.
final class Scratch {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// A file with these bytes, then a hole up to `size`.
    func file(_ name: String, _ bytes: [UInt8] = [], size: Int? = nil) throws -> String {
        let path = path(name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        if let size, truncate(path, size) != 0 { throw Unmet("\(path) cannot be \(size) bytes long") }
        return path
    }
}
