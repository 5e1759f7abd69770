// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor

/// `apus soft-reboot NAME`.
struct SoftReboot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Press a VM's power button, and start its guest anew once it has powered off.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    func run() throws {
        try Output.reporting { try RunningInstances.connect(to: name, in: Output.base).ask(.softReboot) }
    }
}
