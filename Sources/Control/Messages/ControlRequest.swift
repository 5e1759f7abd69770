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
    /// Attach a disk to the machine's SCSI controller; the descriptors of its slots travel with this message.
    case attachDisk(DiskConfiguration)
    /// Detach the disk of this name from the SCSI controller and close its files.
    case detachDisk(name: String)
    /// Change or eject a CD-ROM drive's medium; its descriptor travels with this message.
    case changeMedium(MediumChange)
    /// Look at the size of a disk's image again and tell the guest.
    case refreshDisk(name: String)
    /// Make a disk's image this many bytes large, which is more than it has, and tell the guest.
    case resizeDisk(name: String, bytes: UInt64)
    /// Plug an interface's cable in or pull it.
    case setLink(interface: String, isUp: Bool)
    /// Tell the state of the machine.
    case status
    /// Tell the counters of the machine.
    case statistics
    /// Press the ACPI power button, and start the guest anew instead of ending once it has powered off.
    case softReboot
    /// Tell the state of every device.
    case deviceState

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
        case .attachDisk: "attachDisk"
        case .detachDisk: "detachDisk"
        case .changeMedium: "changeMedium"
        case .refreshDisk: "refreshDisk"
        case .resizeDisk: "resizeDisk"
        case .setLink: "setLink"
        case .status: "status"
        case .statistics: "statistics"
        case .softReboot: "softReboot"
        case .deviceState: "deviceState"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .pause, .resume, .powerButton, .reset, .stop, .status, .statistics, .softReboot, .deviceState: break
        case .start(let payload): payload.encode(into: &fields)
        case .attachDisk(let payload): payload.encode(into: &fields)
        case .changeMedium(let payload): payload.encode(into: &fields)
        case .detachDisk(let name), .refreshDisk(let name): fields.put("name", name)
        case .resizeDisk(let name, let bytes):
            fields.put("name", name)
            fields.put("bytes", bytes)
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
        case "attachDisk": self = .attachDisk(try DiskConfiguration(from: &fields))
        case "detachDisk": self = .detachDisk(name: try fields.take("name"))
        case "changeMedium": self = .changeMedium(try MediumChange(from: &fields))
        case "refreshDisk": self = .refreshDisk(name: try fields.take("name"))
        case "resizeDisk": self = .resizeDisk(name: try fields.take("name"), bytes: try fields.take("bytes"))
        case "setLink": self = .setLink(interface: try fields.take("interface"), isUp: try fields.take("isUp"))
        case "status": self = .status
        case "statistics": self = .statistics
        case "softReboot": self = .softReboot
        case "deviceState": self = .deviceState
        default: throw fields.unknownCase
        }
    }
}
