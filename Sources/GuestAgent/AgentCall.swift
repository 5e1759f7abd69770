// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// One command on its way to the agent and back.
struct AgentCall {
    /// Its name.
    let command: String
    /// Its arguments, made when it is sent.
    let arguments: () -> JSONObject?
    /// Nanoseconds that the agent has for its answer, from when it is sent.
    let patience: UInt64
    /// Whether no answer is as good as one: a guest that shuts down says nothing more.
    var mayBeSilent = false
    /// Called once.
    let completion: (Result<JSONValue, AgentError>) -> Void

    /// The longest that an ordinary command takes.
    static let usualPatience: UInt64 = 5_000_000_000
    /// The longest that freezing or thawing takes.
    static let longPatience: UInt64 = 60_000_000_000

    /// The line that asks for it.
    func line(id: Int64) -> [UInt8] {
        var object = JSONObject()
        object["execute"] = .string(command)
        if let arguments = arguments() { object["arguments"] = .object(arguments) }
        object["id"] = .integer(id)
        return JSONValue.object(object).encoded() + [0x0A]
    }
}
