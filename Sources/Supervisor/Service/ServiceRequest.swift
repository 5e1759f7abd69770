// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What a client asks of a supervisor over its control socket.
///
/// Both directions carry one JSON object a line, in UTF-8, at most 64 KiB from a client. A request names itself, and a
/// reply answers the oldest request that was not answered:
///
///     → {"request": "pause"}                    ← {"ok": true}
///     → {"request": "status"}                   ← {"ok": true, "status": {…}}
///     → {"request": "stop", "force": false}     ← {"ok": true}
///     → {"request": "events"}                   ← {"ok": true}, and from now on events: {"event": "paused"} …
///     → {"request": "fly"}                      ← {"ok": false, "error": "…"}
///
/// Events are `launching` (console: path or null), `started` (marks, in ms), `paused`, `resumed`, `reset` (cause),
/// `panicked`, `watchdog` (action), `agentConnected`, `agentDisconnected`, `stopping` (graceSeconds), `log` (level, text)
/// and `ended` (status, message or null), which is the last.
/// The connection ends when the supervisor does. `detach` tells a supervisor that was started in the foreground to go
/// on when this connection ends; without it, the end of that connection is a request to stop.
enum ServiceRequest: Equatable {
    case status
    case describe
    case pause
    case resume
    case stop(force: Bool)
    case events
    case detach

    /// The longest line of a client, in bytes.
    static let mostBytes = 65_536

    /// Reads a line without its end.
    /// - Throws: `SupervisorError` that tells the client what is wrong with it.
    init(parsing line: [UInt8]) throws(SupervisorError) {
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(parsing: line, limits: JSONLimits(bytes: Self.mostBytes, depth: 8, values: 64))
        } catch {
            throw SupervisorError("The request is not JSON: \(error)")
        }
        switch value["request"]?.stringValue {
        case "status": self = .status
        case "describe": self = .describe
        case "pause": self = .pause
        case "resume": self = .resume
        case "stop": self = .stop(force: value["force"]?.boolValue ?? false)
        case "events": self = .events
        case "detach": self = .detach
        case let other?: throw SupervisorError("There is no request \(JSONValue.string(other).text())")
        case nil: throw SupervisorError("A request is an object with a member \"request\"")
        }
    }

    /// The line that asks for it, without its end.
    var line: JSONValue {
        switch self {
        case .status: .object(["request": .string("status")])
        case .describe: .object(["request": .string("describe")])
        case .pause: .object(["request": .string("pause")])
        case .resume: .object(["request": .string("resume")])
        case .stop(let force): .object(["request": .string("stop"), "force": .bool(force)])
        case .events: .object(["request": .string("events")])
        case .detach: .object(["request": .string("detach")])
        }
    }
}
