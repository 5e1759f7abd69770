// SPDX-License-Identifier: Apache-2.0

/// Makes requests of the bytes of one connection; does no input or output.
///
/// What it holds is bounded by the limits and by what is appended between two calls of `next`. After an error the
/// connection is of no more use.
public struct HTTPRequestParser: Sendable {
    private let limits: HTTPLimits
    private var bytes: [UInt8] = []
    /// Up to where no end of the head was found.
    private var searched = 0
    private var head: HTTPRequest?
    private var bodyBytes = 0

    /// A parser at the beginning of a connection.
    public init(limits: HTTPLimits = .request) { self.limits = limits }

    /// Whether nothing of an unfinished request is here.
    public var isEmpty: Bool { bytes.isEmpty && head == nil }

    /// Whether as much is here as one request may have, so that nothing more is to be read before it was served.
    public var isFull: Bool { bytes.count >= limits.headBytes + limits.bodyBytes }

    /// Takes what was read.
    public mutating func append(_ chunk: some Collection<UInt8>) { bytes += chunk }

    /// Gives up what was read behind the last request, which belongs to what the connection was upgraded to.
    public mutating func takeRest() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// The next whole request, or nil when more must be read first.
    /// - Throws: `HTTPError` with the status to answer.
    public mutating func next() throws(HTTPError) -> HTTPRequest? {
        if head == nil { try readHead() }
        guard var request = head, bytes.count >= bodyBytes else { return nil }
        request.body = Array(bytes[..<bodyBytes])
        bytes.removeFirst(bodyBytes)
        head = nil
        bodyBytes = 0
        return request
    }

    private mutating func readHead() throws(HTTPError) {
        // One empty line before a request is to be tolerated, RFC 9112 §2.2.
        if searched == 0, bytes.starts(with: [0x0D, 0x0A]) { bytes.removeFirst(2) }
        guard let end = HTTPHead.end(in: bytes[...], from: searched) else {
            // A head that is known to be garbage is not waited for.
            if let first = bytes.first, !HTTPHead.isToken(first), first != 0x0D { throw Self.badLine }
            for index in searched..<bytes.count
            where bytes[index] == 0x0A && (index == 0 || bytes[index - 1] != 0x0D) { throw Self.badLine }
            searched = bytes.count
            guard bytes.count < limits.headBytes else { throw tooLong }
            return
        }
        guard end <= limits.headBytes else { throw tooLong }
        let request = try Self.request(HTTPHead(bytes[..<end], fields: limits.fields))
        let length = try Self.length(of: request)
        guard length <= limits.bodyBytes else {
            throw HTTPError(.contentTooLarge, "The body has more than \(limits.bodyBytes) bytes")
        }
        bytes.removeFirst(end)
        searched = 0
        head = request
        bodyBytes = length
    }

    private var tooLong: HTTPError {
        HTTPError(.headTooLarge, "The request's head has more than \(limits.headBytes) bytes")
    }

    private static let badLine = HTTPError(.badRequest, "A request begins with METHOD PATH HTTP/1.1")

    private static func request(_ head: HTTPHead) throws(HTTPError) -> HTTPRequest {
        let words = head.first.split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count == 3, (1...16).contains(words[0].count),
            words[0].allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else { throw badLine }
        let version = String(decoding: words[2], as: UTF8.self)
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
            throw version.hasPrefix("HTTP/")
                ? HTTPError(.versionNotSupported, "Only HTTP/1.1 is spoken here") : badLine
        }
        let headers = head.headers
        let hosts = headers.all("host").count
        guard hosts == 1 || (version == "HTTP/1.0" && hosts == 0) else {
            throw HTTPError(.badRequest, "There must be one header field Host")
        }
        guard headers.all("transfer-encoding").isEmpty else {
            throw HTTPError(.lengthRequired, "A body must come with Content-Length, not with Transfer-Encoding")
        }
        guard headers.all("expect").isEmpty else {
            throw HTTPError(.expectationFailed, "A body must be sent without Expect")
        }
        let target = try HTTPTarget(words[1])
        let keeps =
            version == "HTTP/1.1"
            ? !headers.lists("close", in: "connection") : headers.lists("keep-alive", in: "connection")
        return HTTPRequest(
            method: String(decoding: words[0], as: UTF8.self), path: target.path, query: target.query,
            headers: headers, keepsConnection: keeps)
    }

    private static func length(of request: HTTPRequest) throws(HTTPError) -> Int {
        let lengths = request.headers.all("content-length")
        guard let text = lengths.first else { return 0 }
        guard lengths.count == 1, !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw HTTPError(.badRequest, "Content-Length must be one whole number")
        }
        // A number beyond 64 bits is too large for certain.
        return Int(text) ?? .max
    }
}
