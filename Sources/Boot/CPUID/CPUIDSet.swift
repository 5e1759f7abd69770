// SPDX-License-Identifier: Apache-2.0

/// CPUID entries by leaf and sub-leaf.
struct CPUIDSet: Equatable {
    /// The entries in the order KVM gave them.
    private(set) var entries: [CPUIDEntry]

    init(_ entries: [CPUIDEntry]) { self.entries = entries }

    /// The answer to a leaf and sub-leaf.
    subscript(function: UInt32, index: UInt32 = 0) -> CPUIDEntry? {
        position(function, index).map { entries[$0] }
    }

    private func position(_ function: UInt32, _ index: UInt32) -> Int? {
        entries.firstIndex {
            $0.function == function && ($0.index == index || $0.flags & CPUIDEntry.significantIndex == 0)
        }
    }

    /// Whether the bit is set.
    func has(_ feature: CPUFeature) -> Bool {
        (self[feature.function, feature.index]?[feature.register] ?? 0) & feature.mask != 0
    }

    /// Sets or clears the bit; setting one in a leaf that is not there adds the leaf.
    mutating func turn(_ feature: CPUFeature, on: Bool) {
        if let at = position(feature.function, feature.index) {
            if on {
                entries[at][feature.register] |= feature.mask
            } else {
                entries[at][feature.register] &= ~feature.mask
            }
        } else if on {
            let indexed = feature.function == 7 || feature.function == 0xD || feature.function == 0x14
            var entry = CPUIDEntry(
                function: feature.function, index: feature.index,
                flags: indexed ? CPUIDEntry.significantIndex : 0)
            entry[feature.register] = feature.mask
            insert(entry)
        }
    }

    /// Changes an entry where it is there.
    mutating func update(_ function: UInt32, _ index: UInt32 = 0, _ change: (inout CPUIDEntry) -> Void) {
        if let at = position(function, index) { change(&entries[at]) }
    }

    /// Adds an entry and raises the range's highest leaf where the new one is beyond it.
    mutating func insert(_ entry: CPUIDEntry) {
        entries.append(entry)
        let first = entry.function & 0xF000_0000
        if first != 0x4000_0000 { update(first) { $0.eax = max($0.eax, entry.function) } }
    }

    /// Drops entries.
    mutating func remove(where unwanted: (CPUIDEntry) -> Bool) {
        entries.removeAll(where: unwanted)
    }
}
