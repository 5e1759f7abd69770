// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor

/// `apus delete NAME`.
struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Forget a virtual machine that does not run; its disks stay.")

    @Argument(help: "The virtual machine's name, or NAMESPACE/NAME.")
    var name: String

    func run() throws {
        try Output.reporting {
            let store = try MachineStore.open()
            guard let key = try store.key(of: name) else {
                throw SupervisorError("No virtual machine called \(name) is known")
            }
            if store.keeper(of: key) != nil { throw SupervisorError("\(name) runs; stop it first: apus stop \(name)") }
            store.remove(key)
        }
    }
}
