// SPDX-License-Identifier: Apache-2.0

import Record

/// What the launcher tells of its own accord.
public enum ControlEvent: RecordChoice, Equatable, Sendable {
    /// The launcher awaits its configuration.
    case ready(LauncherGreeting)
    /// The vCPUs entered the guest for the first time.
    case started(StartReport)
    /// Every vCPU has stopped.
    case paused
    /// The vCPUs go on.
    case resumed
    /// The guest powered itself off.
    case guestShutdown
    /// The guest reset itself, for this reason.
    case guestReset(cause: ResetCause)
    /// The guest's kernel reported a panic (pvpanic event bits: 1 panicked, 2 crash kernel loaded).
    case guestPanicked(event: UInt8)
    /// The host's storage failed a disk; `paused` follows, unless the machine is paused already.
    case diskStopped(DiskStop)
    /// The guest stopped feeding its watchdog, which then did this.
    case watchdogExpired(action: WatchdogAction)
    /// The guest opened or closed channels; these are open now.
    case channelsChanged(open: [String])
    /// The machine cannot go on; one line says why.
    case failed(message: String)
    /// A line for the supervisor's log.
    case log(LogLine)

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .ready: "ready"
        case .started: "started"
        case .paused: "paused"
        case .resumed: "resumed"
        case .guestShutdown: "guestShutdown"
        case .guestReset: "guestReset"
        case .guestPanicked: "guestPanicked"
        case .diskStopped: "diskStopped"
        case .watchdogExpired: "watchdogExpired"
        case .channelsChanged: "channelsChanged"
        case .failed: "failed"
        case .log: "log"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .paused, .resumed, .guestShutdown: break
        case .ready(let payload): payload.encode(into: &fields)
        case .started(let payload): payload.encode(into: &fields)
        case .guestReset(let cause):
            fields.put("cause", cause)
        case .guestPanicked(let event):
            fields.put("event", event)
        case .diskStopped(let payload): payload.encode(into: &fields)
        case .watchdogExpired(let action):
            fields.put("action", action)
        case .channelsChanged(let open):
            fields.put("open", open)
        case .failed(let message):
            fields.put("message", message)
        case .log(let payload): payload.encode(into: &fields)
        }
    }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "ready": self = .ready(try LauncherGreeting(from: &fields))
        case "started": self = .started(try StartReport(from: &fields))
        case "paused": self = .paused
        case "resumed": self = .resumed
        case "guestShutdown": self = .guestShutdown
        case "guestReset": self = .guestReset(cause: try fields.take("cause"))
        case "guestPanicked": self = .guestPanicked(event: try fields.take("event"))
        case "diskStopped": self = .diskStopped(try DiskStop(from: &fields))
        case "watchdogExpired": self = .watchdogExpired(action: try fields.take("action"))
        case "channelsChanged": self = .channelsChanged(open: try fields.take("open"))
        case "failed": self = .failed(message: try fields.take("message"))
        case "log": self = .log(try LogLine(from: &fields))
        default: throw fields.unknownCase
        }
    }
}
