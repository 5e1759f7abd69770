// SPDX-License-Identifier: Apache-2.0

import Control
import Supervisor
import Testing
import VMISpec

@Suite("A manifest becomes a configuration")
struct PlanTests {
    /// Two nodes of two cores of two threads, numbered as Linux numbers them.
    static let host = PodFacts(
        allowedCPUs: Array(0..<8), cores: [[0, 4], [1, 5], [2, 6], [3, 7]],
        nodes: [
            HostNode(id: 0, cpus: [0, 1, 4, 5], distances: [0: 10, 1: 21]),
            HostNode(id: 1, cpus: [2, 3, 6, 7], distances: [0: 21, 1: 10]),
        ], hugepages: [2 << 20: HugepagePool(total: 64, available: 64)])

    private func plan(_ domain: String, _ facts: PodFacts = Self.host) throws -> Plan {
        var options = LaunchOptions()
        options.images = ["k": "/images/k"]
        return try Plan(try Fixture.manifest(domain: domain).0, options, facts)
    }

    @Test("the least manifest asks for a kernel, a console and a guest agent's channel and nothing else")
    func least() throws {
        let plan = try plan("")
        #expect(plan.descriptors.map(\.source) == [.image(path: "/kernel", directory: "/images/k"), .console, .agent])
        #expect(plan.configuration.memory.bytes == 64 << 20)
        #expect(plan.configuration.cpu.pinning == nil)
        #expect(plan.configuration.boot.commandLine == "quiet")
    }

    @Test(
        "dedicated CPUs are taken from the allowed ones",
        arguments: [
            (#""cpu":{"cores":2,"dedicatedCpuPlacement":true},"#, [UInt32](arrayLiteral: 0, 1), [UInt32]?.none),
            (
                #""cpu":{"cores":2,"threads":2,"dedicatedCpuPlacement":true,"isolateEmulatorThread":true},"#,
                [0, 4, 1, 5], [2]
            ),
            (#""cpu":{"cores":4,"dedicatedCpuPlacement":true},"#, [0, 1, 4, 5], nil),
            (
                #""cpu":{"cores":2,"dedicatedCpuPlacement":true,"isolateEmulatorThread":true},"#, [0, 1], [2]
            ),
        ])
    func placement(_ domain: String, _ pinning: [UInt32], _ emulator: [UInt32]?) throws {
        let cpu = try plan(domain).configuration.cpu
        #expect(cpu.pinning == pinning)
        #expect(cpu.emulatorCPUs == emulator)
    }

    @Test("NUMA passthrough spreads memory over the nodes of the pinned CPUs")
    func nodes() throws {
        let plan = try plan(
            #""cpu":{"cores":8,"dedicatedCpuPlacement":true,"numa":{"guestMappingPassthrough":{}}},"#
                + #""memory":{"guest":"66Mi","hugepages":{"pageSize":"2Mi"}},"#
        )
        let nodes = plan.configuration.memory.nodes
        #expect(nodes.map(\.bytes) == [34 << 20, 32 << 20])
        #expect(nodes.map(\.hostNode) == [0, 1])
        #expect(nodes.map(\.distances) == [[10, 21], [21, 10]])
        #expect(Set(nodes.flatMap(\.vcpus)) == Set(0..<8))
    }

    @Test(
        "what the host lacks is told before anything starts",
        arguments: [
            (
                #""cpu":{"cores":8,"dedicatedCpuPlacement":true,"isolateEmulatorThread":true},"#,
                "spec.domain.cpu.dedicatedCpuPlacement: 9 CPUs are needed (8 for vCPUs and 1 for the emulator thread) "
                    + "and 8 are available"
            ),
            (
                #""memory":{"guest":"256Mi","hugepages":{"pageSize":"2Mi"}},"#,
                "spec.domain.memory.hugepages.pageSize: 128 huge pages are needed and the pool hugepages-2048kB has 64"
            ),
            (
                #""memory":{"guest":"1Gi","hugepages":{"pageSize":"1Gi"}},"#,
                "spec.domain.memory.hugepages.pageSize: this host has no pool hugepages-1048576kB"
            ),
        ])
    func lacks(_ domain: String, _ message: String) throws {
        let error = try #require(throws: SupervisorError.self) { _ = try plan(domain) }
        #expect(error.description.hasPrefix(message), "\(error)")
    }

    @Test("more memory than the host or the control group has is refused")
    func memory() throws {
        var small = Self.host
        small.memoryBytes = 32 << 20
        let error = try #require(throws: SupervisorError.self) { _ = try plan("", small) }
        #expect(error.description == "spec.domain.memory.guest: 64Mi are more than the 32Mi this host has; lower it")
        small.memoryLimitBytes = 16 << 20
        let limited = try #require(throws: SupervisorError.self) { _ = try plan("", small) }
        #expect(limited.description.contains("control group"))
    }
}
