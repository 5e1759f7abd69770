// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus ps`.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "List the running VMs of this user.")

    @Flag(help: "Write a JSON list.")
    var json = false

    func run() throws {
        try Output.reporting {
            var all: [JSONValue] = []
            for directory in RunningInstances.directories(in: Output.base) {
                // One that ends between the listing and the question is none that runs.
                guard let connection = try? InstanceConnection.connect(to: directory),
                    let status = try? connection.document(.getMachine)
                else { continue }
                all.append(status)
            }
            if json { return Output.write(JSONValue.array(all).text(indentation: 2) + "\n") }
            let heads = ["NAMESPACE", "NAME", "PHASE", "CPUS", "MEMORY", "UPTIME", "PID"]
            Output.write(Table(heads, rows: all.map(row)).text)
        }
    }

    private func row(_ status: JSONValue) -> [String] {
        let phase = status["phase"]?.stringValue ?? "?"
        let state =
            status["stopping"]?.boolValue == true
            ? "\(phase) (stopping)" : status["paused"]?.boolValue == true ? "\(phase) (paused)" : phase
        let memory = UInt64(clamping: status["memoryBytes"]?.integerValue ?? 0)
        return [
            status["namespace"]?.stringValue ?? "?", status["name"]?.stringValue ?? "?", state,
            "\(status["vcpus"]?.integerValue ?? 0)", "\(ByteCount(memory))",
            Uptime.text(status["uptimeSeconds"]?.integerValue ?? 0), "\(status["supervisorPid"]?.integerValue ?? 0)",
        ]
    }
}
