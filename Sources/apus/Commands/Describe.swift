// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus describe NAME`.
struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a VM's state, timings, threads and memory.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Flag(help: "Write JSON, with the manifest.")
    var json = false

    func run() throws {
        try Output.reporting {
            let connection = try RunningInstances.connect(to: name, in: Output.base)
            let machine = try connection.document(.getMachine)
            let instance = try connection.document(.getInstance)
            if json {
                let both = JSONValue.object(["machine": machine, "instance": instance])
                return Output.write(both.text(indentation: 2) + "\n")
            }
            Output.write(Self.text(machine) + Self.conditions(instance["status"]))
        }
    }

    private static func text(_ status: JSONValue) -> String {
        func string(_ key: String) -> String { status[key]?.stringValue ?? "" }
        func number(_ key: String) -> Int64 { status[key]?.integerValue ?? 0 }
        var phase = string("phase")
        if status["paused"]?.boolValue == true { phase += ", paused" }
        if status["stopping"]?.boolValue == true { phase += ", stopping" }
        var rows = [
            ("Name", "\(string("namespace"))/\(string("name"))"), ("Phase", phase), ("UUID", string("uuid")),
            ("vCPUs", "\(number("vcpus")), threads \(Self.list(status["vcpuThreads"]))"),
            ("Memory", "\(ByteCount(UInt64(clamping: number("memoryBytes"))))"),
            ("Uptime", "\(Uptime.text(number("uptimeSeconds"))), \(number("resets")) resets"),
            ("Processes", "supervisor \(number("supervisorPid")), launcher \(number("launcherPid"))"),
        ]
        for (key, title) in [("launcher", "launcher"), ("supervisor", "supervisor")] {
            let use = status["memoryOverhead"]?[key]
            let dirty = UInt64(clamping: use?["privateDirtyBytes"]?.integerValue ?? 0)
            let share = UInt64(clamping: use?["pssBytes"]?.integerValue ?? 0)
            rows.append(("Overhead", "\(title) \(ByteCount(dirty)) private dirty, \(ByteCount(share)) PSS"))
        }
        rows.append(("Agent", status["agentConnected"]?.boolValue == true ? "connected" : "not connected"))
        if case .array(let marks)? = status["timings"] {
            for mark in marks {
                guard case .number(let value)? = mark["milliseconds"] else { continue }
                rows.append(("Timing", "\(mark["name"]?.stringValue ?? "") after \(value.text) ms"))
            }
        }
        rows.append(("Directory", string("runtimeDirectory")))
        return rows.map { title, value in
            "\(title):\(String(repeating: " ", count: max(1, 12 - title.count)))\(value)\n"
        }.joined()
    }

    private static func conditions(_ status: JSONValue?) -> String {
        guard case .array(let conditions)? = status?["conditions"] else { return "" }
        return conditions.map { condition in
            let words = ["type", "status", "reason", "message"].compactMap { condition[$0]?.stringValue }
            return "Condition:  \(words.joined(separator: ", "))\n"
        }.joined()
    }

    private static func list(_ value: JSONValue?) -> String {
        guard case .array(let elements)? = value else { return "" }
        return elements.compactMap { $0.integerValue.map { "\($0)" } }.joined(separator: " ")
    }
}
