// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite("Requests are read")
struct RequestParserTests {
    private func parse(_ text: String, chunk: Int = .max) throws -> [HTTPRequest] {
        var parser = HTTPRequestParser()
        var requests: [HTTPRequest] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            parser.append(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            while let request = try parser.next() { requests.append(request) }
        }
        return requests
    }

    @Test("whole or in pieces, a request is the same", arguments: [1, 2, 3, 7, .max])
    func pieces(_ chunk: Int) throws {
        let text =
            "POST /volumes/a%20b?mode=read&x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Tag:  one \t\r\n\r\nhello"
            + "GET / HTTP/1.0\r\n\r\n"
        let requests = try parse(text, chunk: chunk)
        try #require(requests.count == 2)
        #expect(requests[0].method == "POST")
        #expect(requests[0].path == ["volumes", "a b"])
        #expect(requests[0].query == ["mode": "read", "x": ""])
        #expect(requests[0].headers["x-tag"] == "one")
        #expect(requests[0].body == Array("hello".utf8))
        #expect(requests[0].keepsConnection)
        #expect(requests[1].path.isEmpty)
        #expect(!requests[1].keepsConnection)
    }

    @Test("what a client encodes is read back")
    func roundTrip() throws {
        var request = HTTPRequest(
            method: "PUT", path: ["volumes", "ä/%"], query: ["a b": "&="], headers: ["X-A": "b"], body: [0, 255])
        var parser = HTTPRequestParser()
        parser.append(request.encoded)
        let read = try #require(try parser.next())
        request.headers = read.headers
        #expect(read == request)
        #expect(parser.isEmpty)
    }

    @Test(
        "what could be understood in two ways is refused",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", HTTPStatus.badRequest), ("GET / HTTP/1.1\nHost: a\n\n", .badRequest),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .badRequest),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest), ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
            ("get / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported),
            ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
            ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
            ("GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
            ("GET /?a=1&a=2 HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .badRequest),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", .badRequest),
            ("GET / HTTP/1.1\r\nHost: a\u{7}\r\n\r\n", .badRequest),
            ("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", .badRequest),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", .badRequest),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", .badRequest),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", .badRequest),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", .contentTooLarge),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n", .contentTooLarge),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthRequired),
            ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", .expectationFailed),
            ("\u{1}\u{2}\u{3}", .badRequest), ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ])
    func refused(_ text: String, _ status: HTTPStatus) throws {
        let error = try #require(throws: HTTPError.self) { _ = try parse(text) }
        #expect(error.status == status, "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test("limits hold whether or not a head ends")
    func limits() throws {
        let long = String(repeating: "a", count: 9000)
        #expect(try #require(throws: HTTPError.self) { try parse("GET /\(long)") }.status == .headTooLarge)
        let target = String(repeating: "a", count: 2100)
        let uri = try #require(throws: HTTPError.self) { try parse("GET /\(target) HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(uri.status == .uriTooLong)
        let fields = String(repeating: "a: b\r\n", count: 65)
        let many = try #require(throws: HTTPError.self) { try parse("GET / HTTP/1.1\r\n\(fields)\r\n") }
        #expect(many.status == .headTooLarge)
        var parser = HTTPRequestParser()
        parser.append([UInt8](repeating: UInt8(ascii: "a"), count: 80_000))
        #expect(parser.isFull)
    }

    @Test("no bytes at all make it trap")
    func fuzz() {
        var generator = SystemRandomNumberGenerator()
        let seeds = [
            "GET /status HTTP/1.1\r\nHost: a\r\n\r\n", "POST /stop HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
        ]
        for round in 0..<2000 {
            var bytes = Array(seeds[round % 2].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            var parser = HTTPRequestParser()
            parser.append(bytes.shuffledAtTimes(round))
            while let request = try? parser.next() { #expect(request.body.count <= 65_536) }
        }
    }
}

extension [UInt8] {
    fileprivate func shuffledAtTimes(_ round: Int) -> [UInt8] { round % 7 == 0 ? shuffled() : self }
}
