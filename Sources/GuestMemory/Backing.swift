// SPDX-License-Identifier: Apache-2.0

/// What guest RAM is made of on the host.
public enum Backing: Equatable, Sendable {
    /// Private memory, transparent huge pages welcome.
    case anonymous
    /// Pages of this many bytes (2 MiB or 1 GiB) from the host's hugetlb pool.
    case hugetlb(pageBytes: UInt64)
}

/// Binds a stretch of guest RAM to one of the host's NUMA nodes.
public struct NodeBinding: Equatable, Sendable {
    /// Where the stretch starts, counted as if RAM had no hole.
    public let offset: UInt64
    /// Length in bytes.
    public let count: UInt64
    /// The host's node number.
    public let hostNode: Int

    /// A stretch and its node.
    public init(offset: UInt64, count: UInt64, hostNode: Int) {
        self.offset = offset
        self.count = count
        self.hostNode = hostNode
    }
}
