// SPDX-License-Identifier: Apache-2.0

/// Makes responses of the bytes of one connection; does no input or output.
///
/// Bodies of a known length and such as last until the connection ends are read; chunks are put together.
public struct HTTPResponseParser: Sendable {
    /// What was found.
    public enum Part: Equatable, Sendable {
        /// A whole response.
        case response(HTTPResponse)
        /// The head of a response whose body lasts until the connection ends, or of an upgrade.
        case head(HTTPResponse)
        /// More of such a body.
        case body([UInt8])
    }

    private let limits: HTTPLimits
    private var bytes: [UInt8] = []
    private var searched = 0
    private var head: HTTPResponse?
    private var bodyBytes: Int?
    private var chunks: HTTPChunks?
    private var isStream = false

    /// A parser at the beginning of a connection.
    public init(limits: HTTPLimits = .response) { self.limits = limits }

    /// Takes what was read.
    public mutating func append(_ chunk: some Collection<UInt8>) { bytes += chunk }

    /// The next part, or nil when more must be read first.
    /// - Throws: `HTTPError` when the peer does not speak HTTP/1.
    public mutating func next() throws(HTTPError) -> Part? {
        if isStream {
            guard !bytes.isEmpty else { return nil }
            defer { bytes = [] }
            return .body(bytes)
        }
        if head == nil, let started = try readHead() { return .head(started) }
        guard var response = head else { return nil }
        if var reading = chunks {
            let done = try reading.read(&bytes, limit: limits.bodyBytes)
            chunks = reading
            guard done else { return nil }
            response.body = reading.body
        } else {
            guard let bodyBytes, bytes.count >= bodyBytes else { return nil }
            response.body = Array(bytes[..<bodyBytes])
            bytes.removeFirst(bodyBytes)
        }
        head = nil
        chunks = nil
        bodyBytes = nil
        return .response(response)
    }

    /// The code of the response, as soon as its head is whole; whatever follows is of no interest any more.
    /// - Throws: `HTTPError` as `next`.
    public mutating func nextCode() throws(HTTPError) -> Int? {
        if let started = try readHead() { return started.code }
        return head?.code
    }

    /// Reads the head; returns it when its body has no end that it tells.
    private mutating func readHead() throws(HTTPError) -> HTTPResponse? {
        while true {
            guard let end = HTTPHead.end(in: bytes[...], from: searched) else {
                searched = bytes.count
                guard bytes.count < limits.headBytes else {
                    throw HTTPError(.headTooLarge, "The response's head has more than \(limits.headBytes) bytes")
                }
                return nil
            }
            let parsed = try HTTPHead(bytes[..<end], fields: limits.fields)
            let code = try Self.code(parsed.first)
            bytes.removeFirst(end)
            searched = 0
            // Interim responses are passed over, RFC 9110 §15.2.
            if (100..<200).contains(code), code != 101 { continue }
            let response = HTTPResponse(code: code, headers: parsed.headers, body: [])
            if code == 204 || code == 304 {
                bodyBytes = 0
            } else if parsed.headers.lists("chunked", in: "transfer-encoding") {
                chunks = HTTPChunks()
            } else if let text = parsed.headers["content-length"] {
                guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text),
                    length <= limits.bodyBytes
                else { throw HTTPError(.contentTooLarge, "The response's length is \(text.prefix(20))") }
                bodyBytes = length
            } else {
                isStream = true
                return response
            }
            head = response
            return nil
        }
    }

    private static func code(_ line: ArraySlice<UInt8>) throws(HTTPError) -> Int {
        let words = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].starts(with: Array("HTTP/1.".utf8)), words[1].count == 3,
            let code = Int(String(decoding: words[1], as: UTF8.self)), (100...599).contains(code)
        else { throw HTTPError(.badRequest, "The peer does not speak HTTP/1.1") }
        return code
    }
}
