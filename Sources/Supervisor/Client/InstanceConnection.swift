// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// A client's end of a supervisor's control socket.
public final class InstanceConnection {
    private var connection: LineConnection
    private var pending: [JSONValue] = []

    /// Longest line of a supervisor's: a description holds its manifest.
    private static let mostBytes = 8 << 20

    /// What a supervisor can be asked for.
    public enum Request: Sendable {
        case status
        case describe
        case pause
        case resume
        case stop(force: Bool)
        case events
        case detach

        fileprivate var line: JSONValue {
            switch self {
            case .status: ServiceRequest.status.line
            case .describe: ServiceRequest.describe.line
            case .pause: ServiceRequest.pause.line
            case .resume: ServiceRequest.resume.line
            case .stop(let force): ServiceRequest.stop(force: force).line
            case .events: ServiceRequest.events.line
            case .detach: ServiceRequest.detach.line
            }
        }
    }

    /// Takes over a connected socket.
    public init(_ descriptor: consuming FileDescriptor) {
        connection = LineConnection(descriptor, mostBytes: Self.mostBytes)
    }

    /// Connects to the supervisor of an instance's runtime directory.
    /// - Throws: `Errno` of `open` or `connect`.
    public static func connect(to directory: String) throws(Errno) -> InstanceConnection {
        let socket = try SocketPath.connect(RuntimeDirectory.File.control.rawValue, in: directory)
        return InstanceConnection(try socket.descriptor.duplicate())
    }

    /// The socket's number, to be watched.
    public var raw: Int32 { connection.descriptor.raw }

    /// Whether the supervisor is gone.
    public var isEnded: Bool { connection.isEnded }

    /// Sends a request without waiting for its reply.
    public func send(_ request: Request) {
        connection.send(request.line)
    }

    /// Reads what there is, waiting for something when there is nothing; returns the messages among it.
    /// - Throws: `SupervisorError` when the supervisor does not speak JSON.
    public func receive() throws(SupervisorError) -> [JSONValue] {
        if !pending.isEmpty {
            defer { pending = [] }
            return pending
        }
        var messages: [JSONValue] = []
        for line in connection.read() {
            do throws(JSONSyntaxError) { messages.append(try JSONValue(parsing: line)) } catch {
                throw SupervisorError("The supervisor sent what is not JSON: \(error)")
            }
        }
        return messages
    }

    /// Sends a request and waits for its reply; events that come first are kept for `receive`.
    /// - Throws: `SupervisorError` with the supervisor's own words when it refuses.
    public func ask(_ request: Request) throws(SupervisorError) -> JSONValue {
        send(request)
        var events: [JSONValue] = []
        while !isEnded {
            for message in try receive() {
                guard let isDone = message["ok"]?.boolValue else {
                    events.append(message)
                    continue
                }
                pending = events
                guard isDone else { throw SupervisorError(message["error"]?.stringValue ?? "Refused") }
                return message
            }
        }
        throw SupervisorError("The VM ended before it answered")
    }
}
