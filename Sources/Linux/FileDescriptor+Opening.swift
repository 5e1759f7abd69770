// SPDX-License-Identifier: Apache-2.0

internal import CLinux

extension FileDescriptor {
    /// Opens a path below a directory as a process would that has this directory as its root: neither `..` nor a
    /// symbolic link leads out of it.
    /// - Throws: `Errno` of `openat2`.
    public static func open(
        _ path: String, inRoot directory: borrowing FileDescriptor, _ flags: Int32
    ) throws(Errno) -> FileDescriptor {
        let raw = unsafe path.withCString { unsafe clinux_open_in_root(directory.raw, $0, flags | O_CLOEXEC) }
        return FileDescriptor(owning: Int32(try Errno.check(raw, "openat2")))
    }

    /// Locks the whole open file without waiting: exclusively for a writer, shared among readers. The lock belongs to
    /// the open file, so it goes along when the descriptor is passed on, and ends when the last one is closed.
    /// - Throws: `Errno` of `fcntl`; EAGAIN when another holds a lock that excludes this one.
    public borrowing func lock(exclusively: Bool) throws(Errno) {
        try Errno.check(clinux_ofd_lock(raw, exclusively ? 1 : 0), "fcntl F_OFD_SETLK")
    }

    /// Makes a regular file `bytes` bytes long; what is added takes no room until it is written.
    /// - Throws: `Errno` of `ftruncate`.
    public borrowing func truncate(to bytes: Int64) throws(Errno) {
        try Errno.check(clinux_ftruncate(raw, bytes), "ftruncate")
    }
}
