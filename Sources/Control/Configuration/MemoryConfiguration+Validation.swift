// SPDX-License-Identifier: Apache-2.0

extension MemoryConfiguration {
    /// The size of the pages that memory and its nodes are made of, in bytes.
    var granule: UInt64 {
        switch backing {
        case .anonymous: ConfigurationLimits.memoryGranule
        case .hugetlb(let pageBytes): pageBytes
        }
    }

    func validate(vcpus: UInt32) throws(ConfigurationError) {
        if case .hugetlb(let pageBytes) = backing {
            try require(
                pageBytes == 2 << 20 || pageBytes == 1 << 30, "memory.backing.pageBytes",
                "must be 2 MiB or 1 GiB, not \(pageBytes)")
        }
        try require(bytes >= ConfigurationLimits.leastMemory, "memory.bytes", "must be at least 16 MiB")
        try require(bytes <= ConfigurationLimits.mostMemory, "memory.bytes", "must be at most 64 TiB")
        try require(bytes % granule == 0, "memory.bytes", "must be a multiple of \(granule)")
        try require(
            prefaultThreads <= ConfigurationLimits.prefaultThreads, "memory.prefaultThreads",
            "must be at most \(ConfigurationLimits.prefaultThreads)")
        if !nodes.isEmpty { try validateNodes(vcpus: vcpus) }
    }

    private func validateNodes(vcpus: UInt32) throws(ConfigurationError) {
        try require(
            nodes.count <= ConfigurationLimits.nodes, "memory.nodes", "more than \(ConfigurationLimits.nodes)")
        var left = bytes
        var owners = [Int?](repeating: nil, count: Int(vcpus))
        for (index, node) in nodes.enumerated() {
            let path = "memory.nodes[\(index)]"
            try require(node.bytes > 0, "\(path).bytes", "must be at least 1")
            try require(node.bytes % granule == 0, "\(path).bytes", "must be a multiple of \(granule)")
            try require(node.bytes <= left, "\(path).bytes", "the nodes have more memory than the machine")
            left -= node.bytes
            for (place, vcpu) in node.vcpus.enumerated() {
                try require(vcpu < vcpus, "\(path).vcpus[\(place)]", "there is no vCPU \(vcpu)")
                let owner = owners[Int(vcpu)]
                try require(
                    owner == nil, "\(path).vcpus[\(place)]", "vCPU \(vcpu) is already in node \(owner ?? index)")
                owners[Int(vcpu)] = index
            }
            try require(
                (node.hostNode ?? 0) <= ConfigurationLimits.hostIndex, "\(path).hostNode",
                "must be at most \(ConfigurationLimits.hostIndex)")
            try validate(distances: node.distances, of: index, at: "\(path).distances")
        }
        try require(left == 0, "memory.nodes", "the nodes have \(left) bytes less than the machine")
        if let orphan = owners.firstIndex(of: nil) {
            throw ConfigurationError("memory.nodes", "vCPU \(orphan) is in no node")
        }
    }

    /// ACPI 6.5 §5.2.17: 10 to itself, 11 to 254 to others, 255 for no path.
    private func validate(distances: [UInt32], of node: Int, at path: String) throws(ConfigurationError) {
        guard !distances.isEmpty else { return }
        try require(distances.count == nodes.count, path, "must have one entry a node")
        for (index, distance) in distances.enumerated() {
            if index == node {
                try require(distance == 10, "\(path)[\(index)]", "must be 10 to itself")
            } else {
                try require((11...255).contains(distance), "\(path)[\(index)]", "must be 11 to 255")
            }
        }
    }
}
