// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite("Responses are read")
struct ResponseParserTests {
    private func parts(_ text: String, chunk: Int = .max) throws -> [HTTPResponseParser.Part] {
        var parser = HTTPResponseParser()
        var parts: [HTTPResponseParser.Part] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            parser.append(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            while let part = try parser.next() { parts.append(part) }
        }
        return parts
    }

    @Test("lengths, chunks and interim responses are understood", arguments: [1, 5, .max])
    func whole(_ chunk: Int) throws {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: u\r\n\r\n"
            + "HTTP/1.1 204 No Content\r\n\r\n"
        let bodies = try parts(text, chunk: chunk).map { part in
            guard case .response(let response) = part else { return "?" }
            return "\(response.code) \(String(decoding: response.body, as: UTF8.self))"
        }
        #expect(bodies == ["200 ok", "200 abcd", "204 "])
    }

    @Test("a body without an end is handed out as it comes")
    func stream() throws {
        let parts = try parts("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\n")
        try #require(parts.count == 2)
        guard case .head(let head) = parts[0] else { return #expect(Bool(false), "no head") }
        #expect(head.headers["content-type"] == "text/event-stream")
        #expect(parts[1] == .body(Array("id: 1\n".utf8)))
    }

    @Test("what a server encodes is read back")
    func roundTrip() throws {
        var parser = HTTPResponseParser()
        parser.append(HTTPResponse(.conflict, headers: ["A": "b"], body: [1, 2]).encoded(closes: true))
        guard case .response(let response)? = try parser.next() else { return #expect(Bool(false), "no response") }
        #expect(response.code == 409)
        #expect(response.body == [1, 2])
        #expect(response.headers.lists("close", in: "connection"))
    }

    @Test(
        "a peer that does not speak HTTP/1 is refused",
        arguments: [
            "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", String(repeating: "x", count: 9000),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
        ])
    func refused(_ text: String) {
        #expect(throws: HTTPError.self) { try parts(text) }
    }

    @Test("events are read back, in pieces too", arguments: [1, 4, .max])
    func events(_ chunk: Int) throws {
        let sent = [
            ServerSentEvent(id: 3, name: "paused", data: #"{"a":1}"#),
            ServerSentEvent(id: 4, name: "resumed", data: "{}"),
        ]
        var parser = ServerSentEventParser()
        var read: [ServerSentEvent] = []
        var rest = (Array(": comment\n\n".utf8) + sent.flatMap(\.encoded))[...]
        while !rest.isEmpty {
            read += try parser.append(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
        }
        #expect(read == sent)
    }
}
