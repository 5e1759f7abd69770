// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// System Resource Affinity: which CPU and which memory belong to which node (ACPI 6.4 §5.2.16).
enum SRAT {
    /// The table for a machine with NUMA nodes; a node's ranges are cut to the RAM that exists.
    static func table(for platform: PlatformDescription) -> [UInt8] {
        var table = ACPITable(signature: "SRAT", revision: 3)
        table.append(UInt32(1))
        table.append(UInt64(0))
        for cpu in platform.cpus { appendCPU(cpu, into: &table) }
        for (index, node) in platform.nodes.enumerated() {
            for run in node.memory {
                for region in platform.memory.regions {
                    let start = max(run.start, region.start).rawValue
                    let end = min(run.start.rawValue &+ run.count, region.end)
                    if start < end { appendMemory(start..<end, node: index, into: &table) }
                }
            }
        }
        return table.finished
    }

    private static func appendCPU(_ cpu: PlatformDescription.CPU, into table: inout ACPITable) {
        let node = UInt32(truncatingIfNeeded: cpu.node)
        if let id = UInt8(exactly: cpu.apicID), id < 0xFF {
            table.append([0, 16, UInt8(truncatingIfNeeded: node), id] as [UInt8])
            table.append(UInt32(1))
            table.append(UInt8(0))  // local SAPIC EID
            for shift in [8, 16, 24] as [UInt32] { table.append(UInt8(truncatingIfNeeded: node >> shift)) }
            table.append(UInt32(0))  // clock domain
        } else {
            table.append([2, 24, 0, 0] as [UInt8])
            table.append(node)
            table.append(cpu.apicID)
            table.append(UInt32(1))
            table.append(UInt32(0))
            table.append(UInt32(0))
        }
    }

    private static func appendMemory(_ range: Range<UInt64>, node: Int, into table: inout ACPITable) {
        table.append([1, 40] as [UInt8])
        table.append(UInt32(truncatingIfNeeded: node))
        table.append(UInt16(0))
        table.append(range.lowerBound)
        table.append(range.upperBound - range.lowerBound)
        table.append(UInt32(0))
        table.append(UInt32(1))
        table.append(UInt64(0))
    }
}
