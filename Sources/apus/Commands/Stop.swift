// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Supervisor
import VMISpec

/// `apus stop NAME`.
struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop a VM and wait for its end.",
        discussion: """
            Presses the power button and stops the guest when terminationGracePeriodSeconds have passed. Exits with 0 \
            when the VM is gone. A virtual machine is not started again; one that Always runs is Halted, as with virtctl.
            """)

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Flag(help: "Stop it at once, without asking the guest.")
    var force = false

    @Option(help: ArgumentHelp("How long the guest has to power off.", valueName: "seconds"))
    var gracePeriod: Int32?

    func run() throws {
        try Output.reporting {
            let isWaiting = try halt()
            let connection: InstanceConnection
            do { connection = try RunningInstances.connect(to: name, in: Output.base) } catch {
                // One that waits to be started again has no instance, and no longer waits.
                if isWaiting { return }
                throw error
            }
            try connection.listen()
            var body = JSONObject()
            body["force"] = .bool(force)
            if let gracePeriod { body["gracePeriodSeconds"] = .integer(Int64(gracePeriod)) }
            try RunningInstances.connect(to: name, in: Output.base).ask(.stop, body: .object(body))
            while !connection.isEnded {
                for message in try connection.nextEvents() where message["event"]?.stringValue == "ended" {
                    if !force, let line = message["message"]?.stringValue { Output.note(line) }
                }
            }
        }
    }

    /// Has no instance follow this one; returns whether the machine waited for its next.
    private func halt() throws -> Bool {
        guard let store = try? MachineStore.open(), let key = try store.key(of: name) else { return false }
        var record = try store.read(key)
        record.strategy = RestartPolicy.strategy(record.strategy, afterStart: false)
        try store.write(record, as: key)
        guard let keeper = store.keeper(of: key),
            !RunningInstances.directories(in: Output.base).contains("\(Output.base)/\(key)")
        else { return false }
        kill(keeper, SIGTERM)
        return true
    }
}
