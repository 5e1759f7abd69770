// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus balloon NAME AMOUNT`.
struct Balloon: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a VM's guest have less of its memory, or all of it.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Argument(help: "How much memory the guest is to have, such as 512Mi.")
    var guest: String

    func run() throws {
        try Output.reporting {
            try RunningInstances.connect(to: name, in: Output.base)
                .ask(.setBalloon, body: .object(["guest": .string(guest)]))
        }
    }
}
