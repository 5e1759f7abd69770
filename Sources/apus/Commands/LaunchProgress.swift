// SPDX-License-Identifier: Apache-2.0

import Supervisor
import VMISpec

/// What a supervisor tells of the instance it starts, as lines of progress and an end.
struct LaunchProgress {
    let instance: VirtualMachineInstance
    /// The runtime directory, once the supervisor told it.
    private(set) var directory: String?
    /// Whether there is a console.
    private(set) var hasConsole = false
    /// Whether the vCPUs run.
    private(set) var isStarted = false
    /// How the instance ended, once it did.
    private(set) var end: InstanceEnd?

    init(_ instance: VirtualMachineInstance) { self.instance = instance }

    /// Takes an event; writes a line where a person wants to know.
    mutating func hear(_ message: JSONValue) {
        switch message["event"]?.stringValue {
        case "launching":
            directory = message["runtimeDirectory"]?.stringValue
            hasConsole = message["console"]?.stringValue != nil
        case "started":
            isStarted = true
            Output.note("\(instance.metadata.name) runs: \(Self.summary(message["marks"]))")
        case "reset": Output.note("the guest was reset\(Self.cause(message["cause"]?.stringValue))")
        case "panicked": Output.note("the guest's kernel panicked")
        case "unhealthy": if let text = message["message"]?.stringValue { Output.note(text) }
        case "stopping":
            let seconds = message["graceSeconds"]?.integerValue ?? 0
            Output.note("pressed the power button; the guest has \(seconds) s to power off")
        case "log": if let text = message["text"]?.stringValue { Output.note(text) }
        case "ended": end = InstanceEnd(message)
        default: break
        }
    }

    /// Why a guest was reset, to be read after "was reset".
    private static func cause(_ name: String?) -> String {
        switch name {
        case "requested": " on request"
        case "keyboardController": " by itself, through the keyboard controller"
        case "acpi": " by itself, through the ACPI reset register"
        case "tripleFault": " by a triple fault"
        case "watchdog": " by its watchdog"
        default: ""
        }
    }

    /// "built 12 ms, running 14 ms".
    private static func summary(_ marks: JSONValue?) -> String {
        guard case .array(let entries)? = marks else { return "" }
        return entries.compactMap { entry -> String? in
            guard let name = entry["name"]?.stringValue, case .number(let number)? = entry["milliseconds"] else {
                return nil
            }
            let digits = number.text.split(separator: ".")
            return "\(name) \(digits.first ?? "0") ms"
        }.joined(separator: ", ")
    }
}
