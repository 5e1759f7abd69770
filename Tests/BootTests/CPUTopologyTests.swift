// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Boot

@Suite("CPU topology")
struct CPUTopologyTests {
    /// All combinations up to four sockets of eight cores of two threads.
    static let shapes: [[Int]] = [1, 2, 3, 4].flatMap { sockets in
        [1, 2, 3, 4, 5, 8].flatMap { cores in [1, 2].map { [sockets, cores, $0] } }
    }

    static func policy(_ shape: [Int], _ host: CPUIDPolicy.Host) throws -> CPUIDPolicy {
        let topology = try #require(CPUTopology(sockets: shape[0], cores: shape[1], threads: shape[2]))
        return try CPUIDPolicy(host: host, request: CPURequest(model: .hostPassthrough, topology: topology))
    }

    @Test(
        "a guest that decodes its APIC ids as the manuals say finds the topology that was asked for", arguments: shapes)
    func decoded(_ shape: [Int]) throws {
        let policy = try Self.policy(shape, SyntheticCPU.intel)
        var ids: Set<UInt32> = []
        var cores: Set<UInt32> = []
        var sockets: Set<UInt32> = []
        for index in 0..<policy.topology.count {
            let set = CPUIDSet(policy.entries(forCPU: index))
            let threads = try #require(set[0xB, 0])
            let socket = try #require(set[0xB, 1])
            #expect(threads.ebx == UInt32(shape[2]) && socket.ebx == UInt32(shape[1] * shape[2]))
            #expect(threads.ecx == 0x100 && socket.ecx == 0x201 && set[0xB, 2]?.ecx == 2)
            #expect(threads.edx == socket.edx && set[0x1F, 0]?.edx == threads.edx)
            ids.insert(threads.edx)
            cores.insert(threads.edx >> threads.eax)
            sockets.insert(socket.edx >> socket.eax)
            let standard = try #require(set[1])
            #expect(standard.ebx >> 24 == threads.edx)
            #expect(standard.ebx >> 16 & 0xFF == UInt32(shape[1] * shape[2]))
            #expect((standard.edx >> 28 & 1 == 1) == (shape[1] * shape[2] > 1))
            #expect(standard.ebx & 0xFFFF == 0x0800, "CLFLUSH size and brand index are the host's")
            #expect(threads.edx == policy.topology.apicID(of: index))
        }
        #expect(ids.count == shape[0] * shape[1] * shape[2])
        #expect(cores.count == shape[0] * shape[1])
        #expect(sockets.count == shape[0])
    }

    @Test(
        "caches are shared by the threads of a core, the third level by a socket",
        arguments: [([1, 1, 1], 0, 0, 0), ([1, 4, 2], 1, 7, 3), ([2, 3, 2], 1, 7, 3), ([4, 8, 1], 0, 7, 7)])
    func caches(_ shape: [Int], core: Int, socket: Int, cores: Int) throws {
        let set = CPUIDSet(try Self.policy(shape, SyntheticCPU.intel).entries(forCPU: 0))
        for index in 0..<3 as Range<UInt32> {
            let cache = try #require(set[4, index])
            #expect(Int(cache.eax >> 14 & 0xFFF) == core && Int(cache.eax >> 26) == cores)
        }
        let last = try #require(set[4, 3])
        #expect(Int(last.eax >> 14 & 0xFFF) == socket)
        #expect(last.ecx == 0xFFFF, "the cache's size is the host's")
        #expect(set[4, 4]?.eax == 0)
    }

    @Test("AMD's leaves agree with the APIC ids", arguments: shapes)
    func amd(_ shape: [Int]) throws {
        let policy = try Self.policy(shape, SyntheticCPU.amd)
        for index in 0..<policy.topology.count {
            let set = CPUIDSet(policy.entries(forCPU: index))
            let sizes = try #require(set[0x8000_0008])
            #expect(sizes.ecx & 0xFF == UInt32(shape[1] * shape[2] - 1))
            let width = sizes.ecx >> 12 & 0xF
            let ids = try #require(set[0x8000_001E])
            #expect(ids.eax == policy.topology.apicID(of: index))
            #expect(ids.ecx & 0xFF == ids.eax >> width, "node id is the socket")
            #expect(Int(ids.ecx & 0xFF) == index / (shape[1] * shape[2]))
            #expect(Int(ids.ebx & 0xFF) == index / shape[2] % shape[1])
            #expect(Int(ids.ebx >> 8 & 0xFF) == shape[2] - 1)
            #expect(set[0x1F] == nil)
            #expect((set[0x8000_0001]?.ecx ?? 0) & 2 == (shape[1] * shape[2] > 1 ? 2 : 0))
        }
    }

    @Test(
        "no last-level cache spans two NUMA nodes",
        arguments: [
            ([1, 4, 1], [0, 0, 1, 1], 1), ([1, 4, 2], [0, 0, 0, 0, 1, 1, 1, 1], 3),
            ([2, 4, 1], [0, 0, 0, 0, 1, 1, 1, 1], 3),
            ([1, 6, 1], [0, 0, 0, 1, 1, 1], 0), ([1, 4, 1], [0, 1, 0, 1], 0), ([1, 4, 1], [0, 0, 0, 0], 3),
            ([1, 4, 1], [], 3),
        ])
    func lastLevel(_ shape: [Int], nodes: [Int], sharing: Int) throws {
        let topology = try #require(CPUTopology(sockets: shape[0], cores: shape[1], threads: shape[2]))
        let request = CPURequest(model: .hostPassthrough, topology: topology, nodes: nodes)
        let set = CPUIDSet(try CPUIDPolicy(host: SyntheticCPU.intel, request: request).entries(forCPU: 0))
        let cache = try #require(set[4, 3])
        #expect(Int(cache.eax >> 14 & 0xFFF) == sharing)
    }

    @Test("300 CPUs need ids beyond eight bits and get them")
    func many() throws {
        let policy = try Self.policy([300, 1, 1], SyntheticCPU.intel)
        let set = CPUIDSet(policy.entries(forCPU: 299))
        #expect(set[0xB, 0]?.edx == 299)
        #expect(set[1].map { $0.ebx >> 24 } == UInt32(43))
    }

    @Test(
        "absurd shapes are no topology",
        arguments: [[0, 1, 1], [1, 0, 1], [1, 1, 0], [-1, 1, 1], [.max, .max, .max], [0x1_0000, 0x1000, 16]])
    func absurd(_ shape: [Int]) {
        #expect(CPUTopology(sockets: shape[0], cores: shape[1], threads: shape[2]) == nil)
    }
}
