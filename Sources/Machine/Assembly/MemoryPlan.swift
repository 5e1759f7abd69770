// SPDX-License-Identifier: Apache-2.0

internal import Boot
internal import Control
internal import GuestMemory
internal import Linux

/// Guest RAM as the configuration asks for it: its backing, and which part belongs to which node.
struct MemoryPlan {
    let layout: RAMLayout
    let backing: Backing
    let bindings: [NodeBinding]
    let nodes: [PlatformDescription.Node]
    private let nodeOfCPU: [UInt32: Int]

    init(_ configuration: MemoryConfiguration) {
        let layout = RAMLayout(bytes: configuration.bytes)
        var offset: UInt64 = 0
        var bindings: [NodeBinding] = []
        var nodes: [PlatformDescription.Node] = []
        var nodeOfCPU: [UInt32: Int] = [:]
        for (number, node) in configuration.nodes.enumerated() {
            if let host = node.hostNode {
                bindings.append(NodeBinding(offset: offset, count: node.bytes, hostNode: Int(host)))
            }
            let distances =
                node.distances.isEmpty
                ? configuration.nodes.indices.map { $0 == number ? 10 : 20 }
                : node.distances.map { UInt8(clamping: $0) }
            nodes.append(
                PlatformDescription.Node(
                    memory: layout.runs(offset: offset, count: node.bytes), distances: distances))
            for cpu in node.vcpus { nodeOfCPU[cpu] = number }
            offset += node.bytes
        }
        self.layout = layout
        self.bindings = bindings
        self.nodes = nodes
        self.nodeOfCPU = nodeOfCPU
        switch configuration.backing {
        case .anonymous: backing = .anonymous
        case .hugetlb(let pageBytes): backing = .hugetlb(pageBytes: pageBytes)
        }
    }

    /// The node of a vCPU; 0 when there are none.
    func node(ofCPU index: Int) -> Int { nodeOfCPU[UInt32(index)] ?? 0 }
}
