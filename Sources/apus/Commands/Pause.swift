// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor

/// `apus pause NAME`.
struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop a VM's vCPUs and leave everything as it is.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    func run() throws {
        try Output.reporting {
            try RunningInstances.connect(to: name, in: Output.base).ask(.pause)
        }
    }
}
