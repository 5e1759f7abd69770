// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A counter in the kernel that one thread signals and another waits for, see `eventfd(2)`. Never blocks.
public struct EventFD: ~Copyable, Sendable {
    /// The descriptor, for epoll, irqfd and ioeventfd.
    public let descriptor: FileDescriptor

    /// The descriptor's number.
    public var raw: Int32 { descriptor.raw }

    /// A counter at zero.
    /// - Throws: `Errno` of `eventfd`.
    public init() throws(Errno) {
        descriptor = FileDescriptor(owning: Int32(try Errno.check(clinux_eventfd(0), "eventfd")))
    }

    /// Takes over an eventfd that came from elsewhere.
    public init(owning descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Adds one; a full counter stays full, which a waiter sees just as well.
    @inline(__always)
    public borrowing func signal() { EventFD.signal(raw) }

    /// Adds one to the eventfd with this number.
    @inline(__always)
    public static func signal(_ raw: Int32) {
        var one: UInt64 = 1
        // SAFETY: eight bytes, as eventfd asks for.
        _ = unsafe clinux_write(raw, &one, 8)
    }

    /// Takes the count and leaves zero; 0 when nobody signalled.
    @inline(__always)
    @discardableResult
    public borrowing func drain() -> UInt64 { EventFD.drain(raw) }

    /// Takes the count of the eventfd with this number and leaves zero.
    @discardableResult
    public static func drain(_ raw: Int32) -> UInt64 {
        var count: UInt64 = 0
        // SAFETY: eight bytes, as eventfd gives.
        return unsafe clinux_read(raw, &count, 8) == 8 ? count : 0
    }
}
