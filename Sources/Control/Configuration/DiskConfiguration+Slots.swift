// SPDX-License-Identifier: Apache-2.0

extension DiskConfiguration {
    /// Every slot of the disk with the name of its field.
    var slots: [(field: String, slot: DescriptorSlot)] {
        var slots: [(field: String, slot: DescriptorSlot)] = []
        if let file { slots.append(("file", file)) }
        if let dataFile { slots.append(("dataFile", dataFile)) }
        for (depth, layer) in backing.enumerated() {
            slots.append(("backing[\(depth)].file", layer.file))
            if let dataFile = layer.dataFile { slots.append(("backing[\(depth)].dataFile", dataFile)) }
        }
        return slots
    }
}
