// SPDX-License-Identifier: Apache-2.0

/// System Locality Information: the distances between nodes (ACPI 6.4 §5.2.17).
enum SLIT {
    /// The table; a distance the description leaves out is 10 to the node itself and 20 to others.
    static func table(for platform: PlatformDescription) -> [UInt8] {
        var table = ACPITable(signature: "SLIT", revision: 1)
        table.append(UInt64(platform.nodes.count))
        for (from, node) in platform.nodes.enumerated() {
            for to in platform.nodes.indices {
                let usual: UInt8 = from == to ? 10 : 20
                table.append(to < node.distances.count ? max(node.distances[to], 10) : usual)
            }
        }
        return table.finished
    }
}
