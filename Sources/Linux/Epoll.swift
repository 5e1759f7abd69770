// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// What a descriptor is ready for, see `epoll_ctl(2)`.
public struct Readiness: OptionSet, Sendable {
    /// The bits of `struct epoll_event.events`.
    public let rawValue: UInt32
    /// Wraps the kernel's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// EPOLLIN.
    public static let readable = Readiness(rawValue: 0x001)
    /// EPOLLOUT.
    public static let writable = Readiness(rawValue: 0x004)
    /// EPOLLERR; always reported.
    public static let failed = Readiness(rawValue: 0x008)
    /// EPOLLHUP; always reported.
    public static let closed = Readiness(rawValue: 0x010)
    /// EPOLLRDHUP: the peer closed its writing side.
    public static let peerClosed = Readiness(rawValue: 0x2000)
    /// EPOLLET: report changes only.
    public static let edge = Readiness(rawValue: 1 << 31)
}

/// Waits for many descriptors at once; each is known by a token of the caller's choice.
@safe
public struct Epoll: ~Copyable, @unchecked Sendable {
    /// The set's own descriptor.
    public let descriptor: FileDescriptor
    private let events: UnsafeMutablePointer<epoll_event>
    private let capacity: Int

    /// An empty set that reports at most `capacity` descriptors a wait.
    /// - Throws: `Errno` of `epoll_create1`.
    public init(capacity: Int = 16) throws(Errno) {
        descriptor = FileDescriptor(owning: Int32(try Errno.check(clinux_epoll_create(), "epoll_create1")))
        self.capacity = max(capacity, 1)
        unsafe events = .allocate(capacity: self.capacity)
        unsafe events.initialize(repeating: epoll_event(), count: self.capacity)
    }

    deinit { unsafe events.deallocate() }

    /// Starts watching a descriptor.
    /// - Throws: `Errno` of `epoll_ctl`.
    public borrowing func add(_ raw: Int32, _ interest: Readiness, token: UInt64) throws(Errno) {
        try Errno.check(
            clinux_epoll_ctl(descriptor.raw, EPOLL_CTL_ADD, raw, interest.rawValue, token), "epoll_ctl")
    }

    /// Changes what a descriptor is watched for.
    /// - Throws: `Errno` of `epoll_ctl`.
    public borrowing func change(_ raw: Int32, _ interest: Readiness, token: UInt64) throws(Errno) {
        try Errno.check(
            clinux_epoll_ctl(descriptor.raw, EPOLL_CTL_MOD, raw, interest.rawValue, token), "epoll_ctl")
    }

    /// Stops watching a descriptor; one that is not watched is no error.
    public borrowing func remove(_ raw: Int32) {
        _ = clinux_epoll_ctl(descriptor.raw, EPOLL_CTL_DEL, raw, 0, 0)
    }

    /// Waits and calls `body` with the token and readiness of each descriptor; says how many there were.
    /// - Parameter milliseconds: -1 waits for ever. An interrupting signal ends the wait with 0.
    /// - Throws: `Errno` of `epoll_wait`.
    @discardableResult
    public borrowing func wait(
        milliseconds: Int32 = -1, _ body: (_ token: UInt64, _ readiness: Readiness) -> Void
    ) throws(Errno) -> Int {
        // SAFETY: `events` holds `capacity` entries and the kernel fills no more than that.
        let r = unsafe clinux_epoll_wait(descriptor.raw, events, Int32(capacity), milliseconds)
        if r == -Int(EINTR) { return 0 }
        let count = try Errno.check(r, "epoll_wait")
        for i in 0..<count {
            unsafe body(clinux_event_token(events + i), Readiness(rawValue: clinux_event_mask(events + i)))
        }
        return count
    }
}
