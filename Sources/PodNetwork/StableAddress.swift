// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// Ethernet addresses for interfaces whose manifest gives none.
public enum StableAddress {
    /// Six bytes of a locally administered unicast address, the same at every start of the instance and on every host.
    public static func bytes(of interface: String, in instance: VirtualMachineInstance) -> [UInt8] {
        let metadata = instance.metadata
        let owner = metadata.uid ?? "\(metadata.namespace)/\(metadata.name)"
        // Version and variant bits of the UUID lie behind these five bytes.
        return [0x02] + InstanceUUID(name: "apus/mac/\(owner)/\(interface)").bytes.prefix(5)
    }
}
