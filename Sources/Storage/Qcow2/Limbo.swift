// SPDX-License-Identifier: Apache-2.0

/// Clusters that lost a user: first a table in the file may still name them, then an operation may still use them.
struct Limbo {
    /// A run that no table in the file names, for operations that began before `epoch`.
    private struct Waiting {
        var clusters: Range<UInt64>
        var epoch: UInt64
    }

    private var unstored: [Range<UInt64>] = []
    private var waiting: [Waiting] = []

    /// Whether nothing is here.
    var isEmpty: Bool { unstored.isEmpty && waiting.isEmpty }
    /// Whether so much waits for the tables to be stored that it is time to do that.
    var isCrowded: Bool { unstored.count >= 8192 }

    /// Clusters that no table in memory names any more, each with one user fewer.
    mutating func add(_ clusters: Range<UInt64>) {
        if let last = unstored.last, last.upperBound == clusters.lowerBound {
            unstored[unstored.count - 1] = last.lowerBound..<clusters.upperBound
        } else {
            unstored.append(clusters)
        }
    }

    /// The tables are in the file; operations from `epoch` on see them.
    mutating func seal(_ epoch: UInt64) {
        waiting += unstored.map { Waiting(clusters: $0, epoch: epoch) }
        unstored.removeAll()
    }

    /// Takes the runs that no operation can use: all that are left began at `epoch` or later.
    mutating func take(_ epoch: UInt64) -> [Range<UInt64>] {
        guard let first = waiting.first, first.epoch <= epoch else { return [] }
        let count = waiting.firstIndex { $0.epoch > epoch } ?? waiting.count
        defer { waiting.removeFirst(count) }
        return waiting[..<count].map(\.clusters)
    }
}
