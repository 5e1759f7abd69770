// SPDX-License-Identifier: Apache-2.0

import Record

/// One message between launcher and supervisor.
public enum ControlMessage: RecordChoice, Equatable, Sendable {
    /// From the supervisor: a request under a number of its choice, unique on its channel.
    case request(id: UInt64, ControlRequest)
    /// From the launcher: the answer to the request of that number.
    case reply(id: UInt64, ControlReply)
    /// From the launcher, of its own accord.
    case event(ControlEvent)

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .request: "request"
        case .reply: "reply"
        case .event: "event"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .request(let id, let request):
            fields.put("id", id)
            fields.put("body", request)
        case .reply(let id, let reply):
            fields.put("id", id)
            fields.put("body", reply)
        case .event(let event):
            fields.put("body", event)
        }
    }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "request": self = .request(id: try fields.take("id"), try fields.take("body"))
        case "reply": self = .reply(id: try fields.take("id"), try fields.take("body"))
        case "event": self = .event(try fields.take("body"))
        default: throw fields.unknownCase
        }
    }
}
