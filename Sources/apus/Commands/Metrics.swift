// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor

/// `apus metrics NAME`.
struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a VM's metrics in the Prometheus text format.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    func run() throws {
        try Output.reporting {
            Output.write(try RunningInstances.connect(to: name, in: Output.base).ask(.getMetrics).body, to: 1)
        }
    }
}
