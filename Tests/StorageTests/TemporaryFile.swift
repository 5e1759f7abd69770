// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A file of its own in the temporary directory, removed when the test is over.
final class TemporaryFile {
    let path: String

    /// Writes `bytes` into a new file.
    init(_ bytes: [UInt8] = []) throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        path = "\(base)/apus-storage-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL)
        try file.writeAll(bytes)
    }

    /// A file that is one hole.
    convenience init(hole bytes: Int) throws {
        try self.init()
        guard truncate(path, bytes) == 0 else { throw Errno(code: errno, call: "truncate") }
    }

    deinit { unlink(path) }

    /// What the file holds now.
    func contents() throws -> [UInt8] { try FileDescriptor.open(path, O_RDONLY).readAll(limit: 64 << 20) }

    /// Bytes the file takes up on its medium.
    func allocatedBytes() -> Int {
        var s = stat()
        return stat(path, &s) == 0 ? Int(s.st_blocks) * 512 : -1
    }
}
