// SPDX-License-Identifier: Apache-2.0

/// Received characters with their line status errors, first in first out; allocates only until it has been full once.
struct SerialQueue: Equatable, Sendable {
    /// Error bits of the line status register in the high byte, the character in the low one.
    private var entries: [UInt16] = []
    private var start = 0

    init() {}

    /// A queue that holds these entries.
    init(_ entries: some Sequence<UInt16>) { self.entries = Array(entries) }

    var count: Int { entries.count - start }
    var first: UInt16? { start < entries.count ? entries[start] : nil }
    /// The entries in order.
    var contents: [UInt16] { Array(entries[start...]) }
    /// Whether any character has an error bit.
    var hasErrors: Bool { entries[start...].contains { $0 >> 8 != 0 } }

    mutating func append(_ entry: UInt16) {
        // At most half of the array is ever dead, so that moving the live half is paid for by what was taken.
        if start > 0, start * 2 >= entries.count {
            entries.removeSubrange(..<start)
            start = 0
        }
        entries.append(entry)
    }

    mutating func take() -> UInt16? {
        guard let entry = first else { return nil }
        start += 1
        if start == entries.count { removeAll() }
        return entry
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        start = 0
    }

    /// Clears the error bits of the first character.
    mutating func acknowledgeFirst() {
        if start < entries.count { entries[start] &= 0xFF }
    }

    static func == (a: SerialQueue, b: SerialQueue) -> Bool { a.entries[a.start...] == b.entries[b.start...] }
}
