// SPDX-License-Identifier: Apache-2.0

/// One NUMA node of the host.
public struct HostNode: Equatable, Sendable {
    /// Its number.
    public var id: Int
    /// Its CPUs in rising order.
    public var cpus: [Int]
    /// Its distance to each node of the host by number, as in ACPI's SLIT; empty where the host does not tell.
    public var distances: [Int: Int]
    /// Free huge pages of this node's pools by the size of a page in bytes.
    public var freeHugepages: [UInt64: UInt64]

    /// A node of the host.
    public init(id: Int, cpus: [Int], distances: [Int: Int] = [:], freeHugepages: [UInt64: UInt64] = [:]) {
        self.id = id
        self.cpus = cpus
        self.distances = distances
        self.freeHugepages = freeHugepages
    }
}
