// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import Testing
import VMISpec

@testable import Supervisor

@Suite("Hostile clients harm nothing", .serialized)
struct HostileClientTests {
    private static let status = HTTPRequest(method: "GET", path: ["status"])

    private func code(_ socket: borrowing FileDescriptor) throws -> Int? {
        var parser = HTTPResponseParser()
        while true {
            let bytes = RunningSupervisor.read(socket, seconds: 30)
            if bytes.isEmpty { return nil }
            parser.append(bytes)
            if case .response(let response)? = try parser.next() { return response.code }
        }
    }

    @Test("garbage is answered and hung up on, and the next client is served")
    func garbage() throws {
        let running = try RunningSupervisor("")
        for _ in 0..<200 {
            let socket = try running.socket()
            let bytes = (0..<Int.random(in: 1...512)).map { _ in UInt8.random(in: 0...255) }
            try socket.writeAll(bytes + [0])
            shutdown(socket.raw, Int32(SHUT_WR))
            if let code = try code(socket) { #expect(code == 400 || code == 431) }
        }
        #expect(try running.ask(Self.status).code == 200)
    }

    @Test("a body of 100 MiB is refused before it is read, and takes no memory")
    func largeBody() throws {
        let running = try RunningSupervisor("")
        let before = try #require(ProcessTimes.resident(running.id))
        let socket = try running.socket()
        try socket.writeAll(Array("POST /stop HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n".utf8))
        try socket.setNonblocking()
        let chunk = [UInt8](repeating: 0x20, count: 65_536)
        var sent = 0
        while sent < 100 << 20 {
            let count = chunk.withUnsafeBytes { send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno != EAGAIN { break }
            if count < 0 {
                var entry = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
                if poll(&entry, 1, 5000) == 0 { break }
            }
            sent += max(count, 0)
        }
        #expect(try code(socket) == 413)
        let after = try #require(ProcessTimes.resident(running.id))
        #expect(after < before + 2 << 20)
        #expect(try running.ask(Self.status).code == 200)
    }

    @Test("one that sends nothing, or a byte now and then, is hung up on in time")
    func slow() throws {
        let running = try RunningSupervisor("")
        let silent = try running.socket()
        let dripping = try running.socket()
        let began = Clock.monotonic
        var answer: [UInt8] = []
        for byte in Array("GET /status HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8) {
            _ = [byte].withUnsafeBytes { send(dripping.raw, $0.baseAddress, 1, Int32(MSG_NOSIGNAL)) }
            var entry = pollfd(fd: dripping.raw, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, 250) > 0 {
                answer = RunningSupervisor.read(dripping, seconds: 1)
                break
            }
        }
        #expect(answer.starts(with: Array("HTTP/1.1 408 ".utf8)))
        #expect(Clock.monotonic - began >= 4_900_000_000)
        #expect(RunningSupervisor.read(silent, seconds: 30).isEmpty)
        #expect(try running.ask(Self.status).code == 200)
    }

    @Test("a client that closes its half is answered; one that goes away altogether costs nothing")
    func halfClosed() throws {
        let running = try RunningSupervisor("")
        for _ in 0..<50 {
            let socket = try running.socket()
            try socket.writeAll(Self.status.encoded)
            shutdown(socket.raw, Int32(SHUT_WR))
            #expect(try code(socket) == 200)
            #expect(RunningSupervisor.read(socket, seconds: 30).isEmpty)
            try running.socket().writeAll(Self.status.encoded)
        }
        #expect(try running.ask(Self.status).code == 200)
    }

    @Test("10,000 connections leave room for one more, and no descriptors")
    func flood() throws {
        let running = try RunningSupervisor("")
        var kept: [Int32] = []
        defer { for raw in kept { close(raw) } }
        for round in 0..<10_000 {
            let socket = try running.socket()
            // Some stay, as many as this process may have; of the others nobody hears.
            if round % 20 == 0, kept.count < 400 { kept.append(socket.release()) }
        }
        #expect(try running.ask(Self.status).code == 200)
        var count = 0
        let folder = try #require(opendir("/proc/\(running.id)/fd"))
        while readdir(folder) != nil { count += 1 }
        closedir(folder)
        #expect(count < 120, "\(count) descriptors")
    }

    @Test("requests that are sent all at once are answered in order")
    func pipelined() throws {
        let running = try RunningSupervisor("")
        let socket = try running.socket()
        var bytes: [UInt8] = []
        for path in ["pause", "resume", "nowhere"] {
            bytes += HTTPRequest(method: "POST", path: [path]).encoded + Self.status.encoded
        }
        try socket.writeAll(bytes)
        var parser = HTTPResponseParser()
        var codes: [Int] = []
        while codes.count < 6 {
            let bytes = RunningSupervisor.read(socket, seconds: 30)
            try #require(!bytes.isEmpty)
            parser.append(bytes)
            while case .response(let response)? = try parser.next() { codes.append(response.code) }
        }
        #expect(codes == [204, 200, 204, 200, 404, 200])
    }

    @Test("a listener that does not read is given up, and the others are told everything")
    func deafListener() throws {
        let running = try RunningSupervisor("")
        let deaf = try running.socket()
        try deaf.writeAll(HTTPRequest(method: "GET", path: ["events"]).encoded)
        let asking = try running.socket()
        // Each turn is four events with the status, about 4 KiB.
        for _ in 0..<1200 {
            #expect(try RunningSupervisor.ask(HTTPRequest(method: "POST", path: ["pause"]), on: asking).code == 204)
            #expect(try RunningSupervisor.ask(HTTPRequest(method: "POST", path: ["resume"]), on: asking).code == 204)
        }
        var bytes = 0
        while true {
            let read = RunningSupervisor.read(deaf, seconds: 10)
            if read.isEmpty { break }
            bytes += read.count
        }
        #expect(bytes < 2 << 20)
        #expect(try running.ask(Self.status).code == 200)
    }
}
