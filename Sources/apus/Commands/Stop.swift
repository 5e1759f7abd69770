// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus stop NAME`.
struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop a VM and wait for its end.",
        discussion: """
            Presses the power button and stops the guest when terminationGracePeriodSeconds have passed. Exits with 0 \
            when the VM is gone.
            """)

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Flag(help: "Stop it at once, without asking the guest.")
    var force = false

    func run() throws {
        try Output.reporting {
            let connection = try RunningInstances.connect(to: name, in: Output.base)
            _ = try connection.ask(.events)
            _ = try connection.ask(.stop(force: force))
            while !connection.isEnded {
                for message in try connection.receive() where message["event"]?.stringValue == "ended" {
                    if !force, let line = message["message"]?.stringValue { Output.note(line) }
                }
            }
        }
    }
}
