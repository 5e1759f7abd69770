// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The file that a console's output goes to. Once it is full it becomes the one before, and a new one is begun, as
/// virtlogd does it; so it takes bounded room whatever a guest writes.
struct ConsoleLog: ~Copyable {
    /// Most bytes of a file; there are two at most.
    static let mostBytes = 2 << 20

    private let path: String
    private var file: FileDescriptor
    private var bytes = 0
    private let limit: Int

    /// Begins a new log.
    /// - Throws: `Errno` of `open`.
    init(_ path: String, limit: Int = ConsoleLog.mostBytes) throws(Errno) {
        self.path = path
        self.limit = limit
        file = try .open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
    }

    /// Writes output; where the disk is full it is lost.
    mutating func write(_ chunk: ArraySlice<UInt8>) {
        if bytes + chunk.count > limit, bytes > 0, rename(path, "\(path).0") == 0,
            let fresh = try? FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        {
            file = fresh
            bytes = 0
        }
        bytes += chunk.count
        try? file.writeAll(Array(chunk))
    }
}
