// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A kernel timer that an epoll set can wait for, on the monotonic clock; see `timerfd_create(2)`.
public struct Timer: ~Copyable, Sendable {
    /// Readable when the timer has expired.
    public let descriptor: FileDescriptor

    /// A timer that is not set.
    /// - Throws: `Errno` of `timerfd_create`.
    public init() throws(Errno) {
        descriptor = FileDescriptor(owning: Int32(try Errno.check(clinux_timerfd(), "timerfd_create")))
    }

    /// Fires after `nanoseconds` and then every `period` (0: once); 0 nanoseconds disarms it.
    /// - Throws: `Errno` of `timerfd_settime`.
    public borrowing func set(nanoseconds: UInt64, period: UInt64 = 0) throws(Errno) {
        try Errno.check(clinux_timerfd_set(descriptor.raw, nanoseconds, period), "timerfd_settime")
    }

    /// Takes the number of expirations since the last call.
    @discardableResult
    public borrowing func drain() -> UInt64 {
        var count: UInt64 = 0
        return unsafe clinux_read(descriptor.raw, &count, 8) == 8 ? count : 0
    }
}
