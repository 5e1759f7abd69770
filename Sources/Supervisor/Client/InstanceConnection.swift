// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import VMISpec

/// A client's connection to a supervisor; one thread uses it, and waits.
public final class InstanceConnection {
    private var socket: UnixSocket
    private var parser = HTTPResponseParser()
    private var events = ServerSentEventParser()
    /// Whether the supervisor is gone.
    public private(set) var isEnded = false

    /// Takes over a connected socket.
    public init(_ socket: consuming FileDescriptor) { self.socket = UnixSocket(owning: socket) }

    /// Connects to the supervisor of an instance's runtime directory.
    /// - Throws: `Errno` of `open` or `connect`.
    public static func connect(to directory: String) throws(Errno) -> InstanceConnection {
        InstanceConnection(try SocketPath.connect(RuntimeDirectory.File.control.rawValue, in: directory).release())
    }

    /// The socket's number, to be watched.
    public var raw: Int32 { socket.descriptor.raw }

    /// Asks for something and waits for the answer.
    /// - Parameters:
    ///   - parameters: what stands for the braces of the operation's path.
    ///   - body: a JSON document for it.
    /// - Throws: `SupervisorError` with the supervisor's own words when it refuses, or when it is gone.
    @discardableResult
    public func ask(
        _ operation: APIOperation, _ parameters: [String] = [], body: JSONValue? = nil
    ) throws(SupervisorError) -> HTTPResponse {
        try send(operation, parameters, body: body)
        while true {
            guard let part = try part() else { throw SupervisorError("The VM ended before it answered") }
            if case .response(let response) = part { return try Self.checked(response) }
        }
    }

    /// Asks for a JSON document.
    /// - Throws: as `ask`.
    public func document(_ operation: APIOperation) throws(SupervisorError) -> JSONValue {
        let response = try ask(operation)
        do throws(JSONSyntaxError) { return try JSONValue(parsing: response.body) } catch {
            throw SupervisorError("The supervisor sent what is not JSON: \(error)")
        }
    }

    /// Begins to listen to events: from now on this connection is good for `nextEvents` only.
    /// - Parameter last: the number of the last event that is known; 0 for all that are kept, nil for none of them.
    /// - Throws: `SupervisorError` as `ask`.
    public func listen(after last: UInt64? = nil) throws(SupervisorError) {
        var headers: HTTPHeaders = ["Accept": "text/event-stream"]
        if let last { headers.add("Last-Event-ID", "\(last)") }
        try send(.streamEvents, [], body: nil, headers: headers)
    }

    /// The events that came, waiting for some where there are none; none once the supervisor is gone.
    /// - Throws: `SupervisorError` when it refused.
    public func nextEvents() throws(SupervisorError) -> [JSONValue] {
        guard let part = try part() else { return [] }
        switch part {
        case .head: return []
        case .response(let response):
            _ = try Self.checked(response)
            return []
        case .body(let bytes):
            do {
                return try events.append(bytes).map { try JSONValue(parsing: Array($0.data.utf8)) }
            } catch {
                throw SupervisorError("The supervisor sent what is no event: \(error)")
            }
        }
    }

    /// The socket as another owner's.
    /// - Throws: `Errno` of `fcntl`.
    public func duplicate() throws(Errno) -> FileDescriptor { try socket.descriptor.duplicate() }

    /// Turns this connection into the guest's serial console: its socket carries nothing but bytes from now on, of which
    /// the first are returned.
    /// - Throws: `SupervisorError` when it refused.
    public func openConsole(readOnly: Bool) throws(SupervisorError) -> [UInt8] {
        let request = HTTPRequest(
            method: "GET", path: ["console"], query: ["mode": readOnly ? "read" : "write"],
            headers: ["Connection": "Upgrade", "Upgrade": "apus-console"])
        try send(request)
        while true {
            guard let part = try part() else { throw SupervisorError("The VM ended before it answered") }
            switch part {
            case .response(let response): _ = try Self.checked(response)
            case .body: break
            case .head:
                guard case .body(let first)? = try next() else { return [] }
                return first
            }
        }
    }

    private func send(
        _ operation: APIOperation, _ parameters: [String], body: JSONValue?, headers: HTTPHeaders = [:]
    ) throws(SupervisorError) {
        var rest = parameters[...]
        let (method, template) = operation.route
        let path = template.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? rest.popFirst() ?? "" : String(segment)
        }
        var headers = headers
        if body != nil { headers.add("Content-Type", "application/json") }
        try send(HTTPRequest(method: method, path: path, headers: headers, body: body?.encoded() ?? []))
    }

    private func send(_ request: HTTPRequest) throws(SupervisorError) {
        do throws(Errno) { try socket.descriptor.writeAll(request.encoded) } catch {
            throw SupervisorError("The supervisor cannot be asked: \(error.reason)")
        }
    }

    /// The next part, waiting for it; nil once the supervisor is gone.
    private func part() throws(SupervisorError) -> HTTPResponseParser.Part? {
        while true {
            if let part = try next() { return part }
            if isEnded { return nil }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = chunk.withUnsafeMutableBytes { recv(raw, $0.baseAddress, $0.count, 0) }
            if count > 0 {
                parser.append(chunk[..<count])
            } else if count == 0 || errno != EINTR {
                isEnded = true
            }
        }
    }

    private func next() throws(SupervisorError) -> HTTPResponseParser.Part? {
        do throws(HTTPError) { return try parser.next() } catch {
            throw SupervisorError("The supervisor cannot be understood: \(error)")
        }
    }

    private static func checked(_ response: HTTPResponse) throws(SupervisorError) -> HTTPResponse {
        guard response.code >= 400 else { return response }
        let document = try? JSONValue(parsing: response.body)
        throw SupervisorError(document?["message"]?.stringValue ?? "The supervisor answered with \(response.code)")
    }
}
