// SPDX-License-Identifier: Apache-2.0

/// A whole request of HTTP/1.1 or HTTP/1.0, RFC 9112 §3.
public struct HTTPRequest: Equatable, Sendable {
    /// The method, such as "GET".
    public var method: String
    /// The path's segments, decoded; none for "/".
    public var path: [String]
    /// The query's members in order, decoded; a name without "=" has an empty value.
    public var query: [String: String]
    /// The header fields.
    public var headers: HTTPHeaders
    /// The body.
    public var body: [UInt8]
    /// Whether the client goes on with this connection after the answer.
    public var keepsConnection: Bool

    /// A request.
    public init(
        method: String, path: [String], query: [String: String] = [:], headers: HTTPHeaders = [:], body: [UInt8] = [],
        keepsConnection: Bool = true
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.keepsConnection = keepsConnection
    }

    /// The request as a client sends it.
    public var encoded: [UInt8] {
        let segments = path.map { HTTPTarget.escaped($0) }.joined(separator: "/")
        let members = query.sorted { $0.key < $1.key }.map {
            "\(HTTPTarget.escaped($0.key))=\(HTTPTarget.escaped($0.value))"
        }
        var text = "\(method) /\(segments)\(members.isEmpty ? "" : "?\(members.joined(separator: "&"))") HTTP/1.1\r\n"
        text += "Host: localhost\r\n"
        for (name, value) in headers.fields { text += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" || method == "PUT" { text += "Content-Length: \(body.count)\r\n" }
        return Array("\(text)\r\n".utf8) + body
    }
}
