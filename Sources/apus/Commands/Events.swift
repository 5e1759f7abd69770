// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Linux
import Supervisor

/// `apus events NAME`.
struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happens to a VM, a JSON object a line, until its end.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Flag(help: "Only what is new from now on; otherwise recent events come first.")
    var new = false

    func run() throws {
        try Output.reporting {
            let connection = try RunningInstances.connect(to: name, in: Output.base)
            try connection.listen(after: new ? nil : 0)
            while !connection.isEnded {
                for event in try connection.nextEvents() { Output.write("\(event.text())\n") }
            }
        }
    }
}
