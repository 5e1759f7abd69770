// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// Owns a range of the process's address space and unmaps it when it goes out of scope.
@safe
public struct Mapping: ~Copyable, @unchecked Sendable {
    /// First byte.
    public let base: UnsafeMutableRawPointer
    /// Length in bytes.
    public let count: Int

    /// Maps `count` bytes; `file` -1 maps anonymous memory. Flags and protection are those of `mmap(2)`.
    /// - Throws: `Errno` of `mmap`.
    public init(count: Int, protection: Int32, flags: Int32, file: Int32 = -1, offset: Int64 = 0) throws(Errno) {
        var p: UnsafeMutableRawPointer? = nil
        // SAFETY: without MAP_FIXED the kernel picks an unused range.
        try Errno.check(unsafe clinux_mmap(nil, count, protection, flags, file, offset, &p), "mmap")
        guard let p = unsafe p else { throw Errno(code: ENOMEM, call: "mmap") }
        unsafe base = p
        self.count = count
    }

    /// Shared, readable and writable view of a descriptor's first `count` bytes.
    /// - Throws: `Errno` of `mmap`.
    public init(shared file: borrowing FileDescriptor, count: Int) throws(Errno) {
        try self.init(count: count, protection: PROT_READ | PROT_WRITE, flags: MAP_SHARED, file: file.raw)
    }

    deinit { _ = unsafe clinux_munmap(base, count) }

    /// The mapping as a buffer; valid while the mapping lives.
    public var bytes: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
    }
}
