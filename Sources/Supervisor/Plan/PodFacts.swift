// SPDX-License-Identifier: Apache-2.0

/// What this process may use of its host.
public struct PodFacts: Equatable, Sendable {
    /// The kernel's network backend.
    static let vhostNet = "/dev/vhost-net"

    /// The CPUs of this process's cpuset and affinity mask, in rising order.
    public var allowedCPUs: [Int]
    /// The threads of each physical core, in rising order of their first; a CPU that is in none has its core for itself.
    public var cores: [[Int]]
    /// The host's NUMA nodes in rising order; empty where the host does not tell.
    public var nodes: [HostNode]
    /// Pools of huge pages by the size of a page in bytes.
    public var hugepages: [UInt64: HugepagePool]
    /// Whether the kernel's network backend is there to be opened.
    public var hasVhostNet: Bool
    /// The host's memory and swap in bytes, or nil where the host does not tell.
    public var memoryBytes: UInt64?
    /// What the control groups allow this process in bytes, or nil for no limit.
    public var memoryLimitBytes: UInt64?

    /// Facts about a host with nothing but these CPUs.
    public init(
        allowedCPUs: [Int], cores: [[Int]] = [], nodes: [HostNode] = [], hugepages: [UInt64: HugepagePool] = [:],
        hasVhostNet: Bool = false, memoryBytes: UInt64? = nil, memoryLimitBytes: UInt64? = nil
    ) {
        self.allowedCPUs = allowedCPUs
        self.cores = cores
        self.nodes = nodes
        self.hugepages = hugepages
        self.hasVhostNet = hasVhostNet
        self.memoryBytes = memoryBytes
        self.memoryLimitBytes = memoryLimitBytes
    }
}
