// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// Why an instance cannot be moved to another host while it runs, in the words of KubeVirt's condition LiveMigratable
/// (calculateLiveMigrationCondition, pkg/virt-handler/vm.go).
struct MigrationObstacle: Equatable {
    /// One word for programs.
    let reason: String
    /// One line for people.
    let message: String

    /// The first obstacle, or nil where there is none.
    init?(_ spec: InstanceSpec, _ metadata: ObjectMeta) {
        let allowed = metadata.annotations["kubevirt.io/allow-pod-bridge-network-live-migration"] != nil
        for interface in spec.domain.devices.interfaces where interface.binding != .masquerade && !allowed {
            guard case .pod? = spec.networks.first(where: { $0.name == interface.name })?.source else { continue }
            reason = "InterfaceNotLiveMigratable"
            message =
                "cannot migrate VMI which does not use masquerade, bridge with "
                + "kubevirt.io/allow-pod-bridge-network-live-migration VM annotation to connect to the pod network"
            return
        }
        for volume in spec.volumes {
            guard case .hostDisk = volume.source else { continue }
            reason = "DisksNotLiveMigratable"
            message = "cannot migrate VMI with non-shared HostDisk"
            return
        }
        return nil
    }

    /// Whether disks that only this host has would have to be copied (checkVolumesForMigration).
    static func needsBlockMigration(_ spec: InstanceSpec) -> Bool {
        spec.volumes.contains { volume in
            switch volume.source {
            case .persistentVolumeClaim, .dataVolume: false
            default: true
            }
        }
    }
}
