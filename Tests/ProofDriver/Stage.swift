// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Where a proof finds what it works with.
struct Stage {
    /// The launcher under test.
    let launcher: String
    /// The folder of the guest payloads.
    let guests: String
    /// A folder of the run's own.
    let scratch: String

    /// The path of a payload.
    func payload(_ name: String) -> String { "\(guests)/\(name).elf" }

    /// A sparse disk image of this many MiB, made anew.
    /// - Throws: `Errno`.
    func disk(_ name: String, mebibytes: Int) throws -> String {
        let path = "\(scratch)/\(name)"
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_TRUNC)
        guard ftruncate(file.raw, mebibytes << 20) == 0 else { throw Errno(code: errno, call: "ftruncate") }
        return path
    }
}
