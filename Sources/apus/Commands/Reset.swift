// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus reset NAME`.
struct Reset: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start a VM's guest anew, as a reset button would.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    func run() throws {
        try Output.reporting { try RunningInstances.connect(to: name, in: Output.base).ask(.reset) }
    }
}
