// SPDX-License-Identifier: Apache-2.0

import Linux
import VMISpec

extension Supervision {
    /// Prepares the probes of the manifest.
    /// - Throws: `SupervisorError` that names the probe's field.
    func prepareProbes(_ options: LaunchOptions) throws(SupervisorError) {
        let spec = instance.spec
        let paths = ManifestPaths(manifest)
        func probe(_ spec: ProbeSpec?, _ name: String, isGood: Bool) throws(SupervisorError) -> Probe? {
            guard let spec else { return nil }
            let target = try ProbeTarget(
                spec.handler, guest: options.guestAddress, interfaces: instance.spec.domain.devices.interfaces,
                field: "\(paths.spec).\(name)")
            return Probe(spec, target: target, isGood: isGood, loop: loop, agent: agent)
        }
        readiness = try probe(spec.readinessProbe, "readinessProbe", isGood: false)
        readiness?.onFailure = { [weak self] in self?.tellUnhealthy("Readiness", $0) }
        readiness?.onChange = { [weak self] in self?.updateReadiness() }
        liveness = try probe(spec.livenessProbe, "livenessProbe", isGood: true)
        liveness?.onFailure = { [weak self] in self?.tellUnhealthy("Liveness", $0) }
        liveness?.onChange = { [weak self] in self?.endUnhealthy() }
    }

    private func tellUnhealthy(_ kind: String, _ error: SupervisorError) {
        let line = "\(kind) probe failed: \(error)"
        journal.write(line)
        tell("unhealthy", ["probe": .string(kind), "message": .string(line)])
    }

    /// The kubelet kills a container whose liveness probe failed: the guest has its grace period, and the instance has
    /// failed whatever the guest makes of it.
    private func endUnhealthy() {
        guard let liveness, !liveness.isGood, stopping == .not else { return }
        let line = "The guest failed its liveness probe"
        journal.write(line)
        outcome = outcome ?? .failed(line)
        stop(force: false)
    }

    /// Begins with the probes, as at the start of a container.
    func startProbes() {
        readiness?.restart(isGood: false)
        liveness?.restart(isGood: true)
    }

    /// Goes on where `stopProbes` left off.
    func resumeProbes() {
        readiness?.resume()
        liveness?.resume()
    }

    /// A paused guest is not asked: it cannot answer.
    func stopProbes() {
        readiness?.stop()
        liveness?.stop()
    }
}
