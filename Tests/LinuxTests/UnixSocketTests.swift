// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite("Unix sockets")
struct UnixSocketTests {
    @Test("descriptors arrive as the same open files, closed on exec", arguments: [0, 1, 7, 253])
    func passing(count: Int) throws {
        let pair = try UnixSocket.pair()
        let file = try FileDescriptor.memory(named: "passed")
        var copies: [Int32] = []
        for _ in 0..<count { copies.append(try file.duplicate().release()) }
        let sent = try unsafe withUnsafeBytes(of: UInt32(0xFEED)) {
            try unsafe pair.first.send($0, descriptors: copies)
        }
        for copy in copies { close(copy) }
        #expect(sent == 4)
        var buffer = [UInt8](repeating: 0, count: 16)
        var received: [Int32] = []
        let n = try unsafe buffer.withUnsafeMutableBytes {
            try unsafe pair.second.receive(into: $0, descriptors: &received)
        }
        #expect(n == 4)
        #expect(Array(buffer[..<4]) == [0xED, 0xFE, 0, 0])
        #expect(received.count == count)
        for raw in received {
            #expect(fcntl(raw, F_GETFD) == FD_CLOEXEC)
            let owned = FileDescriptor(owning: raw)
            try owned.writeAll([1])
        }
        #expect(try file.status().bytes == UInt64(count))
    }

    @Test("more descriptors than the kernel takes are refused")
    func tooMany() throws {
        let pair = try UnixSocket.pair()
        let raw = pair.first.descriptor.raw
        let many = [Int32](repeating: raw, count: UnixSocket.maximumDescriptors + 1)
        #expect(throws: Errno(code: EINVAL, call: "sendmsg")) {
            _ = try unsafe withUnsafeBytes(of: UInt8(1)) { try unsafe pair.first.send($0, descriptors: many) }
        }
    }

    @Test("a closed descriptor cannot be passed")
    func badDescriptor() throws {
        let pair = try UnixSocket.pair()
        #expect(throws: Errno(code: EBADF, call: "sendmsg")) {
            _ = try unsafe withUnsafeBytes(of: UInt8(1)) { try unsafe pair.first.send($0, descriptors: [-1]) }
        }
    }

    @Test("sending to a peer that is gone is an error, not a death")
    func brokenPipe() throws {
        let pair = try UnixSocket.pair()
        let first = pair.first
        close(pair.second)
        #expect(throws: Errno(code: EPIPE, call: "sendmsg")) {
            _ = try unsafe withUnsafeBytes(of: UInt8(1)) { try unsafe first.send($0) }
        }
    }

    private func close(_ socket: consuming UnixSocket) {}
    private func close(_ raw: Int32) { Glibc.close(raw) }

    @Test("a listener gives connections in turn and never waits")
    func listen() throws {
        let path = "/tmp/apus-listen-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(path) }
        let listener = try UnixSocket.listen(path)
        #expect(try isNil(listener.accept()))
        let client = try UnixSocket.connect(path)
        try client.descriptor.writeAll([42])
        let first = try listener.accept()
        guard let server = consume first else {
            Issue.record("no connection")
            return
        }
        #expect(fcntl(server.raw, F_GETFL) & O_NONBLOCK != 0)
        var byte = [UInt8](repeating: 0, count: 1)
        #expect(try unsafe byte.withUnsafeMutableBytes { try unsafe server.read(into: $0) } == 1)
        #expect(byte == [42])
        #expect(try isNil(listener.accept()))
        #expect(throws: Errno(code: EADDRINUSE, call: "bind")) { _ = try UnixSocket.listen(path).descriptor.raw }
    }

    private func isNil(_ descriptor: consuming FileDescriptor?) -> Bool {
        switch consume descriptor {
        case .some: false
        case .none: true
        }
    }

    @Test(
        "a path that cannot be an address is refused",
        arguments: [
            (String(repeating: "x", count: 108), ENAMETOOLONG), ("/nonexistent/socket", ENOENT),
        ])
    func badPaths(path: String, code: Int32) {
        #expect(throws: Errno(code: code, call: "connect")) { _ = try UnixSocket.connect(path).descriptor.raw }
        #expect(throws: Errno(code: code, call: "bind")) { _ = try UnixSocket.listen(path).descriptor.raw }
    }
}
