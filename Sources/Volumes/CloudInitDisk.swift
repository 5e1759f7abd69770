// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The files of the small disk in which cloud-init looks for its data.
///
/// The same manifest makes the same files: guests take a changed disk for a new instance.
struct CloudInitDisk {
    /// The layouts that cloud-init knows.
    enum Kind {
        /// cloud-init, "NoCloud".
        case noCloud
        /// cloud-init, "Config drive": OpenStack's layout.
        case configDrive

        /// The label by which cloud-init knows the disk.
        var label: String { self == .noCloud ? "cidata" : "config-2" }
    }

    /// The user data.
    var userData: [UInt8]
    /// The network data, if there are any.
    var networkData: [UInt8]?
    /// Public keys for the guest's first user, one a line.
    var keys: [String] = []

    /// The files of the disk by their paths.
    func files(_ kind: Kind, of instance: VirtualMachineInstance) -> [(path: String, content: [UInt8])] {
        let id = JSONValue.string("\(instance.metadata.name).\(instance.metadata.namespace)")
        let hostname = JSONValue.string(instance.guestHostname)
        var keysByNumber = JSONObject()
        for (index, key) in keys.enumerated() { keysByNumber["\(index)"] = .string(key) }
        var metadata = JSONObject()
        switch kind {
        case .noCloud:
            metadata["instance-id"] = id
            metadata["local-hostname"] = hostname
            if !keys.isEmpty { metadata["public-keys"] = .object(keysByNumber) }
            return [("user-data", userData), ("meta-data", JSONValue.object(metadata).encoded())]
                + (networkData.map { [("network-config", $0)] } ?? [])
        case .configDrive:
            metadata["instance_id"] = id
            metadata["local_hostname"] = hostname
            metadata["hostname"] = hostname
            // cloud-init takes this one for the instance's identity.
            metadata["uuid"] = id
            if !keys.isEmpty { metadata["public_keys"] = .object(keysByNumber) }
            let folder = "openstack/latest"
            return [
                ("\(folder)/user_data", userData), ("\(folder)/meta_data.json", JSONValue.object(metadata).encoded()),
            ] + (networkData.map { [("\(folder)/network_data.json", $0)] } ?? [])
        }
    }
}
