// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor

/// `apus resume NAME`.
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a paused VM's vCPUs go on.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    func run() throws {
        try Output.reporting {
            try RunningInstances.connect(to: name, in: Output.base).ask(.resume)
        }
    }
}
