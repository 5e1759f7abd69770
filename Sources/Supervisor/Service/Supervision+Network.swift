// SPDX-License-Identifier: Apache-2.0

import PodNetwork
import VMISpec

extension Supervision {
    /// The pod's network as it reaches the guest of a plan.
    static func network(
        of manifest: VMIManifest, _ plan: Plan, _ options: LaunchOptions, _ environment: [String: String]
    ) throws(SupervisorError) -> GuestNetwork {
        let wanted = PodNetworkOptions(
            mode: options.network, queuePairs: plan.configuration.nets.first?.queues ?? 1, taps: options.taps,
            specPath: ManifestPaths(manifest).spec,
            journalDirectory: RuntimeDirectory.base(environment: environment) + "-network")
        do throws(NetworkError) { return try GuestNetwork.prepare(manifest.instance, wanted) } catch {
            throw SupervisorError("\(error)")
        }
    }

    /// Puts the pod's interfaces back once the launcher has let go of them, and says what could not be.
    func releaseNetwork() {
        for problem in network.cleanUp() {
            tell("network", ["message": .string("The pod's network is not as it was: \(problem)")])
        }
    }
}
