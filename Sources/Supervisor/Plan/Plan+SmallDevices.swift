// SPDX-License-Identifier: Apache-2.0

import Control
import GuestAgent
import VMISpec

extension Plan {
    /// What a cluster's users write to keep all of the guest's memory with it.
    static let freePageReportingDisabled = "kubevirt.io/free-page-reporting-disabled"

    /// The balloon: there unless it is turned off, asking for statistics as often as KubeVirt does. Free pages are reported
    /// unless the machine is made for speed (IsHighPerformanceVMI) or an annotation forbids it.
    static func balloon(of instance: VirtualMachineInstance) -> BalloonConfiguration? {
        let domain = instance.spec.domain
        guard domain.devices.autoattachMemBalloon ?? true else { return nil }
        let isForSpeed = domain.cpu.dedicatedCPUPlacement || domain.memory.hugepageSize != nil
        let isForbidden = instance.metadata.annotations[freePageReportingDisabled] == "true"
        return BalloonConfiguration(freePageReporting: !isForSpeed && !isForbidden)
    }

    static func watchdog(_ action: WatchdogSpec.Action) -> WatchdogAction {
        switch action {
        case .poweroff: .poweroff
        case .reset: .reset
        case .shutdown: .shutdown
        }
    }

    /// Credentials and the directories of their Secrets: those that were named, or where KubeVirt mounts them.
    static func credentials(
        of spec: InstanceSpec, _ options: LaunchOptions, _ paths: ManifestPaths
    ) throws(SupervisorError) -> [PlannedCredential] {
        var planned: [PlannedCredential] = []
        for (index, credential) in spec.accessCredentials.enumerated() {
            let field = "\(paths.spec).accessCredentials[\(index)]"
            switch credential {
            case .sshPublicKey(let secret, .guestAgent(let users)):
                guard !users.isEmpty else {
                    throw SupervisorError(
                        "\(field).sshPublicKey.propagationMethod.qemuGuestAgent.users", "name at least one user")
                }
                planned.append(
                    PlannedCredential(
                        AgentCredential(.authorizedKeys(users: users), directory: directory(of: secret, options)),
                        secret: secret, field: "\(field).sshPublicKey.source.secret.secretName"))
            case .userPassword(let secret, .guestAgent):
                planned.append(
                    PlannedCredential(
                        AgentCredential(.passwords, directory: directory(of: secret, options)), secret: secret,
                        field: "\(field).userPassword.source.secret.secretName"))
            default: continue
            }
        }
        return planned
    }

    private static func directory(of secret: String, _ options: LaunchOptions) -> String {
        options.secrets[secret] ?? "/var/run/kubevirt-private/secret/\(secret)-access-cred"
    }
}
