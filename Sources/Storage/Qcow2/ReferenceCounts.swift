// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// How often each cluster is named; takes memory only for parts of the file that are named at all.
struct ReferenceCounts {
    private static let pageBits: UInt64 = 6
    private var pages: [UInt64: [UInt32]] = [:]

    /// Counts one more.
    mutating func add(_ cluster: UInt64) {
        let place = Int(cluster & ((1 << Self.pageBits) - 1))
        pages[cluster >> Self.pageBits, default: Array(repeating: 0, count: 1 << Int(Self.pageBits))][place] &+= 1
    }

    /// How often a cluster is named.
    subscript(cluster: UInt64) -> UInt64 {
        UInt64(pages[cluster >> Self.pageBits]?[Int(cluster & ((1 << Self.pageBits) - 1))] ?? 0)
    }

    /// All clusters that are named, lowest first.
    func forEach(_ body: (UInt64, UInt64) throws(Errno) -> Void) throws(Errno) {
        for page in pages.keys.sorted() {
            guard let counts = pages[page] else { continue }
            for (place, count) in counts.enumerated() where count > 0 {
                try body(page << Self.pageBits + UInt64(place), UInt64(count))
            }
        }
    }

    /// The cluster behind the last that is named.
    var end: UInt64 {
        guard let page = pages.keys.max(), let place = pages[page]?.lastIndex(where: { $0 > 0 }) else { return 0 }
        return page << Self.pageBits + UInt64(place) + 1
    }
}
