// SPDX-License-Identifier: Apache-2.0

import Record

/// What the supervisor asks of the launcher; each request gets one `ControlReply`.
public enum ControlRequest: RecordChoice, Equatable, Sendable {
    /// Build the machine and run it; the descriptors that its slots refer to travel with this message.
    case start(MachineConfiguration)
    /// Stop every vCPU and leave everything as it is.
    case pause
    /// Let the vCPUs go on.
    case resume
    /// Press the ACPI power button.
    case powerButton
    /// Ask the guest to give back memory until this many bytes are left to it.
    case balloon(bytes: UInt64)
    /// Reset the machine as its reset button would.
    case reset
    /// End the machine at once.
    case stop
    /// Plug an interface's cable in or pull it.
    case setLink(interface: String, isUp: Bool)
    /// Tell the state of the machine.
    case status
    /// Tell the counters of the machine.
    case statistics

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .start: "start"
        case .pause: "pause"
        case .resume: "resume"
        case .powerButton: "powerButton"
        case .balloon: "balloon"
        case .reset: "reset"
        case .stop: "stop"
        case .setLink: "setLink"
        case .status: "status"
        case .statistics: "statistics"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .pause, .resume, .powerButton, .reset, .stop, .status, .statistics: break
        case .start(let payload): payload.encode(into: &fields)
        case .setLink(let interface, let isUp):
            fields.put("interface", interface)
            fields.put("isUp", isUp)
        case .balloon(let bytes): fields.put("bytes", bytes)
        }
    }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "start": self = .start(try MachineConfiguration(from: &fields))
        case "pause": self = .pause
        case "resume": self = .resume
        case "powerButton": self = .powerButton
        case "balloon": self = .balloon(bytes: try fields.take("bytes"))
        case "reset": self = .reset
        case "stop": self = .stop
        case "setLink": self = .setLink(interface: try fields.take("interface"), isUp: try fields.take("isUp"))
        case "status": self = .status
        case "statistics": self = .statistics
        default: throw fields.unknownCase
        }
    }
}
