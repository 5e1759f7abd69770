// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The host CPUs of an instance with `dedicatedCpuPlacement`: one for each vCPU, taken from the CPUs this process may
/// use, and one more for all other threads with `isolateEmulatorThread`.
struct Placement: Equatable {
    /// The CPU of each vCPU in order, or nil where the scheduler chooses.
    var pinning: [Int]?
    /// The CPUs of the other threads, or nil where the scheduler chooses.
    var emulatorCPUs: [Int]?

    init(_ domain: DomainSpec, _ facts: PodFacts, _ paths: ManifestPaths) throws(SupervisorError) {
        let cpu = domain.cpu
        guard cpu.dedicatedCPUPlacement else { return }
        let vcpus = Int(cpu.vcpuCount)
        let needed = vcpus + (cpu.isolateEmulatorThread ? 1 : 0)
        let available = facts.allowedCPUs.count
        guard needed <= available else {
            let others = cpu.isolateEmulatorThread ? " and 1 for the emulator thread" : ""
            throw SupervisorError(
                "\(paths.domain).cpu.dedicatedCpuPlacement",
                "\(needed) CPUs are needed (\(vcpus) for vCPUs\(others)) and \(available) are available to this "
                    + "process; ask for fewer vCPUs or allow it more CPUs")
        }
        var free = Self.cores(facts, preferring: needed)
        // A guest core whose threads share a host core behaves as the guest's scheduler expects of it.
        var pinning: [Int] = []
        let threads = Int(cpu.threads)
        if threads > 1 {
            for _ in 0..<vcpus / threads {
                guard let core = free.firstIndex(where: { $0.count >= threads }) else { break }
                pinning += free[core].prefix(threads)
                free[core].removeFirst(threads)
            }
        }
        // The rest, node by node: a core each as far as there are cores, then their second threads.
        for node in Self.ranks(facts, preferring: needed) + [nil] {
            while pinning.count < vcpus {
                let before = pinning.count
                for core in free.indices where pinning.count < vcpus {
                    guard let first = free[core].first, node == nil || node?.cpus.contains(first) == true else {
                        continue
                    }
                    pinning.append(free[core].removeFirst())
                }
                if pinning.count == before { break }
            }
        }
        self.pinning = pinning
        if cpu.isolateEmulatorThread {
            // A core that no vCPU uses, where there is one.
            let used = Set(pinning)
            let idle = free.first { core in
                let whole = facts.cores.first { $0.contains(core.first ?? -1) } ?? core
                return !core.isEmpty && used.isDisjoint(with: whole)
            }
            emulatorCPUs = (idle ?? free.first { !$0.isEmpty })?.first.map { [$0] }
        }
    }

    /// The allowed threads of each core: first those of the node that can hold everything, or that has most.
    private static func cores(_ facts: PodFacts, preferring needed: Int) -> [[Int]] {
        let allowed = Set(facts.allowedCPUs)
        var cores = facts.cores.map { $0.filter(allowed.contains) }.filter { !$0.isEmpty }
        let known = Set(cores.joined())
        cores += facts.allowedCPUs.filter { !known.contains($0) }.map { [$0] }
        var rank: [Int: Int] = [:]
        for (place, node) in ranks(facts, preferring: needed).enumerated() {
            for cpu in node.cpus { rank[cpu] = place }
        }
        return cores.sorted { (rank[$0[0]] ?? .max, $0[0]) < (rank[$1[0]] ?? .max, $1[0]) }
    }

    /// The host's nodes: first those that can hold everything, then those with most allowed CPUs.
    private static func ranks(_ facts: PodFacts, preferring needed: Int) -> [HostNode] {
        let allowed = Set(facts.allowedCPUs)
        let counted = facts.nodes.map { node in (node: node, count: node.cpus.count { allowed.contains($0) }) }
        return counted.sorted { left, right in
            let (fits, fitsToo) = (left.count >= needed, right.count >= needed)
            if fits != fitsToo { return fits }
            return fits
                ? left.node.id < right.node.id : (right.count, left.node.id) < (left.count, right.node.id)
        }.map(\.node)
    }
}
