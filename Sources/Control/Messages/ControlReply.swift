// SPDX-License-Identifier: Apache-2.0

import Record

/// The launcher's answer to one request.
public enum ControlReply: RecordChoice, Equatable, Sendable {
    /// The request was carried out or, for the power button, delivered.
    case done
    /// The request was not carried out, for a reason told in one line.
    case refused(message: String)
    /// This machine cannot do that, for a reason told in one line.
    case unsupported(message: String)
    /// The state of the devices, each under its name.
    case deviceState(RecordValue)
    /// The state of the machine.
    case status(MachineStatus)
    /// The counters of the machine.
    case statistics(MachineStatistics)

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .done: "done"
        case .refused: "refused"
        case .unsupported: "unsupported"
        case .deviceState: "deviceState"
        case .status: "status"
        case .statistics: "statistics"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .done: break
        case .refused(let message):
            fields.put("message", message)
        case .unsupported(let message):
            fields.put("message", message)
        case .deviceState(let value):
            fields.put("devices", value)
        case .status(let payload): payload.encode(into: &fields)
        case .statistics(let payload): payload.encode(into: &fields)
        }
    }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "done": self = .done
        case "refused": self = .refused(message: try fields.take("message"))
        case "unsupported": self = .unsupported(message: try fields.take("message"))
        case "deviceState": self = .deviceState(try fields.take("devices"))
        case "status": self = .status(try MachineStatus(from: &fields))
        case "statistics": self = .statistics(try MachineStatistics(from: &fields))
        default: throw fields.unknownCase
        }
    }
}
