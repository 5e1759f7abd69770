// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// A file of JSON that readers find whole, the old or the new.
enum StatusFile {
    /// Replaces the file; where that fails the old one stays.
    static func replace(_ path: String, with value: JSONValue) {
        let fresh = "\(path).new"
        do throws(Errno) {
            let file = try FileDescriptor.open(fresh, O_WRONLY | O_CREAT | O_TRUNC)
            try file.writeAll(value.encoded(indentation: 2) + [0x0A])
        } catch {
            unlink(fresh)
            return
        }
        rename(fresh, path)
    }
}
