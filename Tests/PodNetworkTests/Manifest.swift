// SPDX-License-Identifier: Apache-2.0

import Testing
import VMISpec

/// Instances with the interfaces of a test.
enum Manifest {
    /// An instance called `guest` with these lists, in JSON, and other members of the spec.
    static func instance(interfaces: String, networks: String, more: String = "") throws -> VirtualMachineInstance {
        let text = """
            {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance", "metadata": {"name": "guest"},
             "spec": {\(more) "domain": {"memory": {"guest": "64Mi"},
              "firmware": {"kernelBoot": {"container": {"image": "k", "kernelPath": "/k"}}},
              "devices": {"interfaces": \(interfaces)}}, "networks": \(networks)}}
            """
        return try VMIManifest.parse(Array(text.utf8)).instance
    }

    /// An instance with one interface on the pod's network.
    static func onPod(_ binding: String, _ members: String = "", pod: String = "", more: String = "")
        throws -> VirtualMachineInstance
    {
        try instance(
            interfaces: #"[{"name": "default", "\#(binding)": {}\#(members.isEmpty ? "" : ", ")\#(members)}]"#,
            networks: #"[{"name": "default", "pod": {\#(pod)}}]"#, more: more)
    }
}
