// SPDX-License-Identifier: Apache-2.0

import Linux
import VMISpec

/// What a process takes of the host's memory beside the memory of its guest, in bytes.
struct MemoryUse: Equatable {
    /// Its share of everything it has mapped.
    var proportional: UInt64 = 0
    /// What it alone has written to.
    var privateDirty: UInt64 = 0

    /// Adds up the mappings of a process, leaving out those that are guest memory.
    ///
    /// Guest memory is known by its size: no other mapping of a launcher is that large. Its stacks and heap are far
    /// below the 16 MiB that a guest has at least.
    /// - Parameter guestBytes: the least size of a mapping of guest memory, or nil when there is none.
    init?(process id: Int32, guestBytes: UInt64?) {
        guard let guestBytes else {
            guard let text = KernelFile.text("/proc/\(id)/smaps_rollup") else { return nil }
            for line in text.split(separator: "\n") { add(line) }
            return
        }
        guard let text = KernelFile.text("/proc/\(id)/smaps") else { return nil }
        var isGuest = false
        for line in text.split(separator: "\n") {
            if let size = Self.size(ofMapping: line) { isGuest = size >= guestBytes }
            if !isGuest { add(line) }
        }
    }

    private mutating func add(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 3, let kibibytes = UInt64(words[1]) else { return }
        if words[0] == "Pss:" { proportional &+= kibibytes &* 1024 }
        if words[0] == "Private_Dirty:" { privateDirty &+= kibibytes &* 1024 }
    }

    /// The size that the first line of a mapping tells, `55d0c0a00000-55d0c0a21000 rw-p …`.
    private static func size(ofMapping line: Substring) -> UInt64? {
        guard let space = line.firstIndex(of: " "), let dash = line[..<space].firstIndex(of: "-"),
            let start = UInt64(line[..<dash], radix: 16),
            let end = UInt64(line[line.index(after: dash)..<space], radix: 16), end > start
        else { return nil }
        return end - start
    }

    /// As it is shown to clients.
    var json: JSONValue {
        .object([
            "pssBytes": .integer(Int64(clamping: proportional)),
            "privateDirtyBytes": .integer(Int64(clamping: privateDirty)),
        ])
    }
}
