// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PodNetwork

@Suite("Names of the devices around a pod interface")
struct NameTests {
    @Test(
        "are KubeVirt's",
        arguments: [
            ("eth0", true, "k6t-eth0", "tap0", "eth0-nic"), ("net1", false, "k6t-net1", "tap1", "net1-nic"),
            ("pod16477688c0e", false, "k6t-16477688c0e", "tap16477688c0e", "16477688c0e-nic"),
        ])
    func names(_ pod: String, _ isPrimary: Bool, _ bridge: String, _ tap: String, _ port: String) {
        let names = PodInterfaceNames(pod: pod, isPrimary: isPrimary)
        #expect([names.bridge, names.tap, names.port] == [bridge, tap, port])
    }

    /// From KubeVirt's own tests (pkg/network).
    @Test(
        "are hashed as KubeVirt hashes them",
        arguments: [("network1", "poda7662f44d65"), ("network2", "pod27f4a77f94e"), ("red", "podb1f51a511f1")])
    func hashed(_ network: String, _ name: String) {
        #expect(PodInterfaceNames.hashed(network) == name)
    }
}
