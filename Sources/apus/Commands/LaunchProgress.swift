// SPDX-License-Identifier: Apache-2.0

import Supervisor
import VMISpec

/// What a supervisor tells of the instance it starts, as lines of progress and an end.
struct LaunchProgress {
    let instance: VirtualMachineInstance
    /// The console's socket, once it is known that there is one.
    private(set) var console: String?
    /// Whether the vCPUs run.
    private(set) var isStarted = false
    /// The exit status, once the instance ended.
    private(set) var status: Int32?
    /// Why it ended otherwise than by powering off.
    private(set) var failure: String?

    init(_ instance: VirtualMachineInstance) { self.instance = instance }

    /// Takes an event; writes a line where a person wants to know.
    mutating func hear(_ message: JSONValue) {
        switch message["event"]?.stringValue {
        case "launching": console = message["console"]?.stringValue
        case "started":
            isStarted = true
            Output.note("\(instance.metadata.name) runs: \(Self.summary(message["marks"]))")
        case "reset": Output.note("the guest was reset")
        case "panicked": Output.note("the guest's kernel panicked")
        case "stopping":
            let seconds = message["graceSeconds"]?.integerValue ?? 0
            Output.note("pressed the power button; the guest has \(seconds) s to power off")
        case "log": if let text = message["text"]?.stringValue { Output.note(text) }
        case "ended":
            status = Int32(clamping: message["status"]?.integerValue ?? 1)
            failure = message["message"]?.stringValue
        default: break
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
