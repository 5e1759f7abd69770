// SPDX-License-Identifier: Apache-2.0

public import GuestMemory

/// What the firmware tables tell a guest about its machine.
public struct PlatformDescription: Equatable, Sendable {
    /// One virtual CPU.
    public struct CPU: Equatable, Sendable {
        /// Local APIC id, 32 bits as x2APIC has them.
        public var apicID: UInt32
        /// Index into `nodes`; ignored while there are none.
        public var node: Int

        /// Describes the CPU with this APIC id in this NUMA node.
        public init(apicID: UInt32, node: Int = 0) {
            self.apicID = apicID
            self.node = node
        }
    }

    /// One NUMA node of the guest.
    public struct Node: Equatable, Sendable {
        /// The guest memory that is near to this node.
        public var memory: [RAMRegion]
        /// Distance to every node in order; 10 is the node itself (ACPI 6.4 §5.2.17).
        public var distances: [UInt8]

        /// Describes a node by its runs of guest RAM and its row of distances.
        public init(memory: [RAMRegion], distances: [UInt8]) {
            self.memory = memory
            self.distances = distances
        }
    }

    /// The CPUs in vCPU order.
    public var cpus: [CPU]
    /// Guest RAM.
    public var memory: RAMLayout
    /// Width of guest physical addresses in bits (CPUID 0x80000008).
    public var physicalBits: Int
    /// NUMA nodes; empty when the guest is to see a uniform machine.
    public var nodes: [Node]
    /// Whether a 16550 sits at 0x3F8.
    public var serial: Bool
    /// Whether a CMOS clock sits at 0x70.
    public var rtc: Bool
    /// Whether a pvpanic port sits at 0x505.
    public var pvpanic: Bool

    /// Describes a machine.
    public init(
        cpus: [CPU], memory: RAMLayout, physicalBits: Int, nodes: [Node] = [], serial: Bool = true, rtc: Bool = true,
        pvpanic: Bool = true
    ) {
        self.cpus = cpus
        self.memory = memory
        self.physicalBits = physicalBits
        self.nodes = nodes
        self.serial = serial
        self.rtc = rtc
        self.pvpanic = pvpanic
    }
}
