// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

extension PodFacts {
    /// Reads the facts of this process and its host; what the kernel does not tell is left out.
    /// - Parameter root: where `sys` and `proc` are mounted below, empty for the real ones.
    /// - Throws: `Errno` of `sched_getaffinity`.
    public static func read(root: String = "") throws(Errno) -> PodFacts {
        var facts = PodFacts(allowedCPUs: try CPUSet.allowed().cpus)
        facts.cores = cores(of: facts.allowedCPUs, root: root)
        facts.nodes = nodes(root: root)
        facts.hugepages = pools(root: root)
        facts.hasVhostNet = access(root + vhostNet, R_OK | W_OK) == 0
        facts.memoryBytes = memory(root: root)
        facts.memoryLimitBytes = memoryLimit(root: root)
        return facts
    }

    private static func cores(of cpus: [Int], root: String) -> [[Int]] {
        var seen: Set<Int> = []
        var cores: [[Int]] = []
        for cpu in cpus where !seen.contains(cpu) {
            let file = "\(root)/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list"
            let threads = KernelFile.text(file).map(KernelFile.list) ?? []
            guard threads.contains(cpu) else { continue }
            seen.formUnion(threads)
            cores.append(threads)
        }
        return cores
    }

    private static func nodes(root: String) -> [HostNode] {
        let folder = "\(root)/sys/devices/system/node"
        let ids = KernelFile.text("\(folder)/online").map(KernelFile.list) ?? []
        return ids.map { id in
            let cpus = KernelFile.text("\(folder)/node\(id)/cpulist").map(KernelFile.list) ?? []
            let distances = KernelFile.text("\(folder)/node\(id)/distance")?.split(separator: " ").map { Int($0) } ?? []
            var node = HostNode(id: id, cpus: cpus)
            for (other, distance) in zip(ids, distances) { node.distances[other] = distance }
            for (bytes, name) in poolNames {
                let file = "\(folder)/node\(id)/hugepages/\(name)/free_hugepages"
                if let free = KernelFile.text(file).flatMap({ UInt64($0) }) { node.freeHugepages[bytes] = free }
            }
            return node
        }
    }

    /// The kernel's names of the pools by the size of a page in bytes.
    static let poolNames: [UInt64: String] = [2 << 20: "hugepages-2048kB", 1 << 30: "hugepages-1048576kB"]

    private static func pools(root: String) -> [UInt64: HugepagePool] {
        var pools: [UInt64: HugepagePool] = [:]
        for (bytes, name) in poolNames {
            func number(_ file: String) -> UInt64? {
                KernelFile.text("\(root)/sys/kernel/mm/hugepages/\(name)/\(file)").flatMap { UInt64($0) }
            }
            guard let total = number("nr_hugepages"), let free = number("free_hugepages") else { continue }
            let reserved = number("resv_hugepages") ?? 0
            pools[bytes] = HugepagePool(total: total, available: free > reserved ? free - reserved : 0)
        }
        return pools
    }

    private static func memory(root: String) -> UInt64? {
        guard let text = KernelFile.text("\(root)/proc/meminfo") else { return nil }
        var kibibytes: UInt64?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 2, words[0] == "MemTotal:" || words[0] == "SwapTotal:" else { continue }
            kibibytes = (kibibytes ?? 0) &+ (UInt64(words[1]) ?? 0)
        }
        return kibibytes.map { $0 &* 1024 }
    }

    /// The lowest memory limit from this process's control group up; version 2 and version 1 hierarchies.
    private static func memoryLimit(root: String) -> UInt64? {
        guard let text = KernelFile.text("\(root)/proc/self/cgroup") else { return nil }
        var lowest: UInt64?
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let (base, file): (String, String)
            if fields[1].isEmpty {
                (base, file) = ("\(root)/sys/fs/cgroup", "memory.max")
            } else if fields[1].split(separator: ",").contains("memory") {
                (base, file) = ("\(root)/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            } else {
                continue
            }
            var parts = fields[2].split(separator: "/")
            while true {
                let folder = ([base] + parts.map(String.init)).joined(separator: "/")
                // Version 1 writes "no limit" as a number close to 2^63.
                if let limit = KernelFile.text("\(folder)/\(file)").flatMap({ UInt64($0) }), limit < 1 << 62 {
                    lowest = min(lowest ?? limit, limit)
                }
                if parts.isEmpty { break }
                parts.removeLast()
            }
        }
        return lowest
    }
}
