// SPDX-License-Identifier: Apache-2.0

import Control
import VMISpec

extension Plan {
    /// Guest memory, held against what the host has.
    static func memory(
        of domain: DomainSpec, _ placement: Placement, _ facts: PodFacts, _ paths: ManifestPaths
    ) throws(SupervisorError) -> MemoryConfiguration {
        let bytes = domain.memory.guestBytes
        var memory = MemoryConfiguration(bytes: bytes)
        let field = "\(paths.domain).memory"
        guard let page = domain.memory.hugepageBytes else {
            try requireOrdinary(bytes, facts, field)
            return memory
        }
        memory.backing = .hugetlb(pageBytes: page)
        try requireHugepages(bytes / page, of: page, facts, field)
        if domain.cpu.numaGuestMappingPassthrough, let pinning = placement.pinning {
            memory.nodes = try nodes(bytes: bytes, page: page, pinning, facts, field)
        }
        return memory
    }

    private static func requireOrdinary(_ bytes: UInt64, _ facts: PodFacts, _ field: String) throws(SupervisorError) {
        if let limit = facts.memoryLimitBytes, bytes > limit {
            throw SupervisorError(
                "\(field).guest",
                "\(ByteCount(bytes)) are more than the \(ByteCount(limit)) this process's control group allows; "
                    + "lower it or raise the limit")
        }
        if let most = facts.memoryBytes, bytes > most {
            throw SupervisorError(
                "\(field).guest", "\(ByteCount(bytes)) are more than the \(ByteCount(most)) this host has; lower it")
        }
    }

    private static func requireHugepages(
        _ needed: UInt64, of page: UInt64, _ facts: PodFacts, _ field: String
    ) throws(SupervisorError) {
        let name = PodFacts.poolNames[page] ?? "\(page)"
        guard let pool = facts.hugepages[page] else {
            throw SupervisorError(
                "\(field).hugepages.pageSize",
                "this host has no pool \(name) of huge pages; use another size or remove the field")
        }
        guard needed <= pool.available else {
            let more = pool.total &+ (needed - pool.available)
            throw SupervisorError(
                "\(field).hugepages.pageSize",
                "\(needed) huge pages are needed and the pool \(name) has \(pool.available) to spare of "
                    + "\(pool.total); echo \(more) > /sys/kernel/mm/hugepages/\(name)/nr_hugepages")
        }
    }

    /// The host nodes of the pinned CPUs as nodes of the guest, with even shares of the memory.
    private static func nodes(
        bytes: UInt64, page: UInt64, _ pinning: [Int], _ facts: PodFacts, _ field: String
    ) throws(SupervisorError) -> [NUMANode] {
        let used = facts.nodes.filter { node in pinning.contains { node.cpus.contains($0) } }
        let known = used.flatMap(\.cpus)
        guard !used.isEmpty, pinning.allSatisfy(known.contains) else {
            throw SupervisorError(
                "\(field.dropLast("memory".count))cpu.numa.guestMappingPassthrough",
                "this host does not tell its NUMA nodes; remove the field")
        }
        let pages = bytes / page
        let count = UInt64(used.count)
        guard pages >= count else {
            throw SupervisorError(
                "\(field).guest", "\(pages) huge pages cannot be spread over \(count) NUMA nodes; raise it")
        }
        var nodes: [NUMANode] = []
        for (index, node) in used.enumerated() {
            let share = pages / count + (UInt64(index) < pages % count ? 1 : 0)
            if let free = node.freeHugepages[page], free < share {
                let name = PodFacts.poolNames[page] ?? "\(page)"
                throw SupervisorError(
                    "\(field).hugepages.pageSize",
                    "\(share) huge pages are needed on host node \(node.id) and its pool \(name) has \(free) free; "
                        + "raise /sys/devices/system/node/node\(node.id)/hugepages/\(name)/nr_hugepages")
            }
            let vcpus = pinning.indices.filter { node.cpus.contains(pinning[$0]) }
            var guest = NUMANode(
                bytes: share * page, vcpus: vcpus.map { UInt32(clamping: $0) }, hostNode: UInt32(clamping: node.id))
            let distances = used.map { other in other.id == node.id ? 10 : node.distances[other.id] ?? 20 }
            guest.distances = distances.enumerated().map { place, distance in
                place == index ? 10 : UInt32(clamping: min(max(distance, 11), 255))
            }
            nodes.append(guest)
        }
        return nodes
    }
}
