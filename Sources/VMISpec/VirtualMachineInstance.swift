// SPDX-License-Identifier: Apache-2.0

/// One virtual machine instance of kubevirt.io, decoded, with defaults applied, and valid.
public struct VirtualMachineInstance: Hashable, Sendable {
    /// Its name and what else Kubernetes knows it by.
    public var metadata: ObjectMeta

    /// What it is.
    public var spec: InstanceSpec

    /// The UUID the guest sees: `firmware.uuid`, or else one made of the name, the same at every start.
    public var firmwareUUID: InstanceUUID {
        spec.domain.firmware.uuid ?? InstanceUUID(name: metadata.name)
    }

    /// The guest's host name: `hostname`, or else the first label of the name (SanitizeHostname, pkg/util/net/dns).
    public var guestHostname: String {
        let label = metadata.name.split(separator: ".").first ?? ""
        return spec.hostname ?? String(label.prefix(63))
    }
}
