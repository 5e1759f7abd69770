// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A stream socket of the unix domain that carries bytes and open descriptors, see `unix(7)`.
public struct UnixSocket: ~Copyable, Sendable {
    /// The socket's descriptor.
    public let descriptor: FileDescriptor

    /// Gives up the descriptor, still open.
    public consuming func release() -> FileDescriptor { descriptor }

    /// Most descriptors one message carries (SCM_MAX_FD).
    public static let maximumDescriptors = Int(CLINUX_MAX_DESCRIPTORS)

    /// Takes over a connected or listening socket.
    public init(owning descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Two sockets connected to each other.
    @frozen public struct Pair: ~Copyable {
        /// One end.
        public var first: UnixSocket
        /// The other end.
        public var second: UnixSocket
    }

    /// Makes a connected pair; both ends are close-on-exec.
    /// - Throws: `Errno` of `socketpair`.
    public static func pair() throws(Errno) -> Pair {
        var fds: (Int32, Int32) = (-1, -1)
        // SAFETY: a tuple of two Int32 has the layout of int[2].
        let r = unsafe withUnsafeMutableBytes(of: &fds) { p in
            unsafe clinux_socketpair(
                Int32(SOCK_STREAM.rawValue), p.baseAddress?.assumingMemoryBound(to: Int32.self))
        }
        try Errno.check(r, "socketpair")
        return Pair(
            first: UnixSocket(owning: FileDescriptor(owning: fds.0)),
            second: UnixSocket(owning: FileDescriptor(owning: fds.1)))
    }

    /// Binds a new socket to a path and listens; `accept` on it never waits.
    /// - Throws: `Errno` of `socket`, `bind` (EADDRINUSE: the path exists) or `listen`.
    public static func listen(_ path: String, backlog: Int32 = 16) throws(Errno) -> UnixSocket {
        let s = FileDescriptor(owning: Int32(try Errno.check(clinux_unix_socket(), "socket")))
        try Errno.check(unsafe path.withCString { unsafe clinux_unix_bind(s.raw, $0) }, "bind")
        try Errno.check(clinux_listen(s.raw, backlog), "listen")
        try s.setNonblocking()
        return UnixSocket(owning: s)
    }

    /// The same, taking over a path where nobody listens any more, as a process leaves it that was killed.
    /// - Throws: as `listen`.
    public static func listenAnew(_ path: String) throws(Errno) -> UnixSocket {
        do throws(Errno) { return try listen(path) } catch {
            guard error.code == EADDRINUSE, isDeserted(path) else { throw error }
        }
        _ = unsafe unlink(path)
        return try listen(path)
    }

    private static func isDeserted(_ path: String) -> Bool {
        do throws(Errno) {
            _ = try connect(path)
            return false
        } catch {
            return error.code == ECONNREFUSED
        }
    }

    /// Connects to a listening path.
    /// - Throws: `Errno` of `socket` or `connect`.
    public static func connect(_ path: String) throws(Errno) -> UnixSocket {
        let s = FileDescriptor(owning: Int32(try Errno.check(clinux_unix_socket(), "socket")))
        try Errno.check(unsafe path.withCString { unsafe clinux_unix_connect(s.raw, $0) }, "connect")
        return UnixSocket(owning: s)
    }

    /// Takes one waiting connection as a non-blocking socket, or nil when there is none. A listening socket that was
    /// not made by `listen` has to be made non-blocking first.
    /// - Throws: `Errno` of `accept4`.
    public borrowing func accept() throws(Errno) -> FileDescriptor? {
        let r = clinux_accept(descriptor.raw)
        if r == -Int(EAGAIN) || r == -Int(EINTR) || r == -Int(ECONNABORTED) { return nil }
        return FileDescriptor(owning: Int32(try Errno.check(r, "accept4")))
    }

    /// Sends some of the bytes, with the descriptors attached to the first of them; says how many bytes went.
    /// - Throws: `Errno` of `sendmsg`; EINTR is retried.
    public borrowing func send(
        _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = []
    ) throws(Errno) -> Int {
        while true {
            // SAFETY: both buffers outlive the call, which bounds itself by their counts.
            let r = unsafe descriptors.withUnsafeBufferPointer { d in
                unsafe clinux_send_descriptors(descriptor.raw, bytes.baseAddress, bytes.count, d.baseAddress, d.count)
            }
            if r != -Int(EINTR) { return try Errno.check(r, "sendmsg") }
        }
    }

    /// Receives some bytes and appends owned descriptors' numbers to `descriptors`; 0 bytes mean the peer is gone.
    /// - Throws: `Errno` of `recvmsg`; EINTR is retried.
    public borrowing func receive(
        into buffer: UnsafeMutableRawBufferPointer, descriptors: inout [Int32]
    ) throws(Errno) -> Int {
        var fds = [Int32](repeating: -1, count: UnixSocket.maximumDescriptors)
        while true {
            var count = fds.count
            // SAFETY: `count` bounds the descriptors the shim stores, `buffer` the bytes.
            let r = unsafe fds.withUnsafeMutableBufferPointer { d in
                unsafe clinux_receive_descriptors(
                    descriptor.raw, buffer.baseAddress, buffer.count, d.baseAddress, &count)
            }
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "recvmsg")
            descriptors += fds[..<count]
            return n
        }
    }
}
