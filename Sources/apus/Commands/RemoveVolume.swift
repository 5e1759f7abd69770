// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor

/// `apus removevolume NAME VOLUME`.
struct RemoveVolume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "removevolume", abstract: "Detach a volume that was attached to a running VM.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Argument(help: "The volume's name.")
    var volume: String

    func run() throws {
        try Output.reporting { try RunningInstances.connect(to: name, in: Output.base).ask(.removeVolume, [volume]) }
    }
}
