// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The log file of an instance; a guest that makes its launcher talk cannot fill the host's memory with it.
struct Journal: ~Copyable {
    private let file: FileDescriptor
    private var bytes = 0

    private static let mostBytes = 1 << 20

    /// Begins a new log.
    /// - Throws: `Errno` of `open`.
    init(_ path: String) throws(Errno) {
        file = try .open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
    }

    /// Writes a line while there is room.
    mutating func write(_ line: String) {
        let text = Array("\(line)\n".utf8)
        guard bytes + text.count <= Self.mostBytes else { return }
        bytes += text.count
        try? file.writeAll(text)
    }
}
