// SPDX-License-Identifier: Apache-2.0

import Control
import Supervisor
import Testing
import VMISpec

@Suite("A manifest's interfaces become configurations")
struct InterfacePlanTests {
    private func plan(cores: Int, devices: String, vhost: Bool) throws -> Plan {
        let manifest = """
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"vm"},
             "spec":{"networks":[{"name":"n","pod":{}}],"domain":{"memory":{"guest":"64Mi"},"cpu":{"cores":\(cores)},
               "firmware":{"kernelBoot":{"kernelArgs":"quiet","container":{"image":"k","kernelPath":"/kernel"}}},
               "devices":{\(devices)}}}}
            """
        var options = LaunchOptions()
        options.images = ["k": "/images/k"]
        options.taps = ["n": "tap7"]
        let facts = PodFacts(allowedCPUs: Array(0..<8), hasVhostNet: vhost)
        return try Plan(try VMIManifest.parse(try JSONValue(parsing: Array(manifest.utf8))), options, facts)
    }

    private let plain = #""interfaces":[{"name":"n","masquerade":{}}]"#

    @Test(
        "an interface has one pair of queues, or one a vCPU when the manifest says so",
        arguments: [(1, false, 1), (4, false, 1), (1, true, 1), (4, true, 4), (100, true, 64)])
    func pairs(cores: Int, multiqueue: Bool, pairs: Int) throws {
        let plan = try plan(
            cores: cores, devices: #""networkInterfaceMultiqueue":\#(multiqueue),"# + plain, vhost: false)
        let net = try #require(plan.configuration.nets.first)
        #expect(net.taps.count == pairs && net.vhost.isEmpty && net.isUp)
        let taps = plan.descriptors.filter {
            $0.source == .tap(name: "tap7", isOneOfSeveral: pairs > 1, network: "n", interface: 0)
        }
        #expect(taps.count == pairs)
        try plan.configuration.validate(descriptors: plan.descriptors.count)
    }

    @Test("where the host has vhost-net each pair has one of its own")
    func vhost() throws {
        let plan = try plan(cores: 2, devices: #""networkInterfaceMultiqueue":true,"# + plain, vhost: true)
        #expect(plan.descriptors.count { $0.source == .vhostNet } == 2)
        let net = try #require(plan.configuration.nets.first)
        #expect(net.vhost.count == 2)
        #expect(net.vhost.allSatisfy { plan.descriptors[Int($0.rawValue)].source == .vhostNet })
        try plan.configuration.validate(descriptors: plan.descriptors.count)
    }

    @Test("an interface whose state is down begins with its cable pulled")
    func down() throws {
        let plan = try plan(
            cores: 1, devices: #""interfaces":[{"name":"n","bridge":{},"state":"down"}]"#, vhost: false)
        #expect(plan.configuration.nets.first?.isUp == false)
    }
}
