// SPDX-License-Identifier: Apache-2.0

import Control

/// Descriptors in the order of their slots.
struct DescriptorList {
    private(set) var entries: [PlannedDescriptor] = []

    /// Adds one and says where.
    /// - Throws: `SupervisorError` when a message cannot carry that many.
    mutating func add(
        _ source: PlannedDescriptor.Source, field: String
    ) throws(SupervisorError) -> DescriptorSlot {
        guard entries.count < DescriptorBundle.capacity, let index = UInt16(exactly: entries.count) else {
            throw SupervisorError(field, "the machine has more than \(DescriptorBundle.capacity) files; remove some")
        }
        entries.append(PlannedDescriptor(source, field: field))
        return DescriptorSlot(rawValue: index)
    }
}
