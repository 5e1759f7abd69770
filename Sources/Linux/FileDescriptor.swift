// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// Owns one open descriptor and closes it when it goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, valid as long as its owner lives.
    public let raw: Int32

    /// Takes ownership of an open descriptor.
    public init(owning raw: Int32) { self.raw = raw }

    deinit { _ = clinux_close(raw) }

    /// Gives the descriptor up: the caller closes it from now on.
    public consuming func release() -> Int32 {
        let raw = self.raw
        discard self
        return raw
    }

    /// Opens a path. `flags` are those of `open(2)`; close-on-exec is always added.
    /// - Throws: `Errno` of `open`.
    public static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) throws(Errno) -> FileDescriptor {
        let raw = unsafe path.withCString { unsafe clinux_open($0, flags | O_CLOEXEC, mode) }
        return FileDescriptor(owning: Int32(try Errno.check(raw, "open")))
    }

    /// An anonymous memory file of `bytes` bytes.
    /// - Throws: `Errno` of `memfd_create` or `ftruncate`.
    public static func memory(named name: String, bytes: Int = 0) throws(Errno) -> FileDescriptor {
        let raw = unsafe name.withCString { unsafe clinux_memfd_create($0, UInt32(MFD_CLOEXEC)) }
        let file = FileDescriptor(owning: Int32(try Errno.check(raw, "memfd_create")))
        if bytes > 0 { try Errno.check(clinux_ftruncate(file.raw, Int64(bytes)), "ftruncate") }
        return file
    }

    /// A second descriptor for the same open file, close-on-exec.
    /// - Throws: `Errno` of `fcntl`.
    public borrowing func duplicate() throws(Errno) -> FileDescriptor { try FileDescriptor.duplicate(of: raw) }

    /// A second descriptor for an open file that somebody else owns, such as standard input.
    /// - Throws: `Errno` of `fcntl`.
    public static func duplicate(of raw: Int32) throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: Int32(try Errno.check(clinux_dup_cloexec(raw), "dup")))
    }

    /// Makes reads and writes return EAGAIN rather than wait.
    /// - Throws: `Errno` of `fcntl`.
    public borrowing func setNonblocking(_ on: Bool = true) throws(Errno) {
        let flags = Int32(try Errno.check(clinux_get_flags(raw), "fcntl"))
        try Errno.check(clinux_set_flags(raw, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), "fcntl")
    }
}
