// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus start NAME`.
struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a virtual machine that `apus run` made known.",
        discussion: "A machine that was Halted has the run strategy Always afterwards, as with virtctl.")

    @Argument(help: "The virtual machine's name, or NAMESPACE/NAME.")
    var name: String

    func run() throws {
        try Output.reporting {
            let store = try MachineStore.open()
            guard let key = try store.key(of: name) else {
                throw SupervisorError("No virtual machine called \(name) is known; apus run FILE makes it known")
            }
            if store.keeper(of: key) != nil { throw SupervisorError("The virtual machine \(name) runs already") }
            var record = try store.read(key)
            if let objection = RestartPolicy.objection(to: record.strategy, hadInstance: record.hadInstance) {
                throw SupervisorError("\(name) cannot be started: \(objection)")
            }
            record.strategy = RestartPolicy.strategy(record.strategy, afterStart: true)
            try store.write(record, as: key)
            try Keep.spawn(try VMIManifest.parse(record.document).instance.metadata, store)
            Output.write("\(name)\n")
        }
    }
}
