// SPDX-License-Identifier: Apache-2.0

/// A response, RFC 9112 §4.
public struct HTTPResponse: Equatable, Sendable {
    /// The status code, which a peer may have chosen freely.
    public var code: Int
    /// The header fields beside those that frame the body.
    public var headers: HTTPHeaders
    /// The body.
    public var body: [UInt8]

    /// A response of a server.
    public init(_ status: HTTPStatus, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.init(code: status.rawValue, headers: headers, body: body)
    }

    /// A response with any code.
    public init(code: Int, headers: HTTPHeaders, body: [UInt8]) {
        self.code = code
        self.headers = headers
        self.body = body
    }

    /// The whole response as a server sends it.
    /// - Parameter closes: says that the connection ends with it.
    public func encoded(closes: Bool) -> [UInt8] {
        var text = Self.statusLine(code)
        for (name, value) in headers.fields { text += "\(name): \(value)\r\n" }
        // RFC 9110 §8.6: none with 1xx and 204.
        if code >= 200, code != 204 { text += "Content-Length: \(body.count)\r\n" }
        if closes { text += "Connection: close\r\n" }
        return Array("\(text)\r\n".utf8) + body
    }

    /// The head of a response whose body lasts until the connection ends, or of one that ends HTTP on it.
    public var encodedHead: [UInt8] {
        var text = Self.statusLine(code)
        for (name, value) in headers.fields { text += "\(name): \(value)\r\n" }
        return Array("\(text)\r\n".utf8)
    }

    private static func statusLine(_ code: Int) -> String {
        "HTTP/1.1 \(code) \(HTTPStatus(rawValue: code)?.phrase ?? "")\r\n"
    }
}
