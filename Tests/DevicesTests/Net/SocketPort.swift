// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Network

/// A frame port that is one end of a pair of datagram sockets: a wire without a network driver.
struct SocketPort: ~Copyable, FramePort {
    private let file: FileDescriptor
    let supportedOffloads: Offloads
    let mtu: UInt16?

    var raw: Int32 { file.raw }

    fileprivate init(
        file: consuming FileDescriptor, supportedOffloads: Offloads, mtu: UInt16?, asked: AskedOfPort
    ) {
        self.file = file
        self.asked = asked
        self.supportedOffloads = supportedOffloads
        self.mtu = mtu
    }

    /// What the card asked of the host.
    let asked: AskedOfPort

    borrowing func setOffloads(_ offloads: Offloads) throws(Errno) { asked.offloads.withLock { $0 = offloads } }
    borrowing func setAttached(_ attached: Bool) throws(Errno) { asked.isAttached.withLock { $0 = attached } }
    borrowing func setCarrier(_ up: Bool) { asked.carrier.withLock { $0 = up } }
    borrowing func setFilter(_ filter: DestinationFilter) throws(Errno) { asked.filter.withLock { $0 = filter } }

    borrowing func receive(_ span: IOSpan) throws(Errno) -> Int? {
        let r = clinux_readv(file.raw, span.base, Int32(span.count))
        return r == -Int(EAGAIN) ? nil : try Errno.check(r, "readv")
    }

    borrowing func send(_ span: IOSpan) throws(Errno) -> Int? {
        let r = clinux_writev(file.raw, span.base, Int32(span.count))
        return r == -Int(EAGAIN) ? nil : try Errno.check(r, "writev")
    }
}

/// A wire; its near end is a `SocketPort`.
final class Wire: Sendable {
    private let file: FileDescriptor
    private let near: FileDescriptor
    /// What a card over the near end asked of the host.
    let asked = AskedOfPort()

    init() throws {
        var fds: [Int32] = [-1, -1]
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        try Errno.check(fds.withUnsafeMutableBufferPointer { clinux_socketpair(kind, $0.baseAddress) }, "socketpair")
        var bytes: Int32 = 1 << 20
        for fd in fds { setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, 4) }
        near = FileDescriptor(owning: fds[0])
        file = FileDescriptor(owning: fds[1])
    }

    /// The near end, as a card takes it.
    func port(
        offloads: Offloads = [.checksum, .tcp4, .tcp6, .udpSegments], mtu: UInt16? = 1500
    ) throws -> SocketPort {
        SocketPort(file: try near.duplicate(), supportedOffloads: offloads, mtu: mtu, asked: asked)
    }

    /// Pulls the plug: the other end's frames are refused from now on.
    func close() { shutdown(file.raw, Int32(SHUT_RDWR)) }

    /// Puts a frame on the wire; false when it is full.
    func send(_ frame: [UInt8]) throws -> Bool {
        let r = frame.withUnsafeBytes { clinux_write(file.raw, $0.baseAddress, $0.count) }
        if r == -Int(EAGAIN) { return false }
        return try Errno.check(r, "write") == frame.count
    }

    /// Takes a frame off the wire; nil when there is none within the time.
    func receive(milliseconds: Int32 = 0) throws -> [UInt8]? {
        var wait = pollfd(fd: file.raw, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, milliseconds) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = try Errno.check(
            bytes.withUnsafeMutableBytes { clinux_read(file.raw, $0.baseAddress, $0.count) }, "read")
        return Array(bytes[..<count])
    }
}
