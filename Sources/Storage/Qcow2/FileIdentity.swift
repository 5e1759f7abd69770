// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Which file it is, whatever its path.
struct FileIdentity: Equatable {
    let device: UInt64
    let inode: UInt64
}

extension ImageFile {
    /// Which file this is.
    /// - Throws: `Errno` of `fstat`.
    func identity() throws(Errno) -> FileIdentity {
        var status = stat()
        try Errno.check(unsafe clinux_fstat(descriptor.raw, &status), "fstat")
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}
