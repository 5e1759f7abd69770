// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A directory of its own for one test, removed with all files in it.
final class Folder {
    let path: String

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        path = "\(base)/apus-qcow2-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        guard mkdir(path, 0o700) == 0 else { throw Errno(code: errno, call: "mkdir") }
    }

    deinit {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { p in
                String(decoding: p.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink(self[name])
        }
        closedir(directory)
        rmdir(path)
    }

    /// The path of a file in it.
    subscript(name: String) -> String { "\(path)/\(name)" }
}
