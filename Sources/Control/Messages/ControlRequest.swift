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
    /// Reset the machine as its reset button would.
    case reset
    /// End the machine at once.
    case stop
    /// Tell the state of the machine.
    case status
    /// Tell the counters of the machine.
    case statistics
    /// Press the ACPI power button, and start the guest anew instead of ending once it has powered off.
    case softReboot
    /// Tell the state of every device.
    case deviceState
    /// Attach a disk while the guest runs; the descriptors that its slots refer to travel with this message.
    case addDisk(DiskConfiguration)
    /// Detach a disk that was attached while the guest ran.
    case removeDisk(name: String)
    /// Let the guest have that many bytes of its memory, by its balloon.
    case setBalloon(guestBytes: UInt64)

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .start: "start"
        case .pause: "pause"
        case .resume: "resume"
        case .powerButton: "powerButton"
        case .reset: "reset"
        case .stop: "stop"
        case .status: "status"
        case .statistics: "statistics"
        case .softReboot: "softReboot"
        case .deviceState: "deviceState"
        case .addDisk: "addDisk"
        case .removeDisk: "removeDisk"
        case .setBalloon: "setBalloon"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .pause, .resume, .powerButton, .reset, .stop, .status, .statistics, .softReboot, .deviceState: break
        case .start(let payload): payload.encode(into: &fields)
        case .addDisk(let payload): payload.encode(into: &fields)
        case .removeDisk(let name):
            fields.put("name", name)
        case .setBalloon(let guestBytes):
            fields.put("guestBytes", guestBytes)
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
        case "reset": self = .reset
        case "stop": self = .stop
        case "status": self = .status
        case "statistics": self = .statistics
        case "softReboot": self = .softReboot
        case "deviceState": self = .deviceState
        case "addDisk": self = .addDisk(try DiskConfiguration(from: &fields))
        case "removeDisk": self = .removeDisk(name: try fields.take("name"))
        case "setBalloon": self = .setBalloon(guestBytes: try fields.take("guestBytes"))
        default: throw fields.unknownCase
        }
    }
}
