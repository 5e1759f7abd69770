// SPDX-License-Identifier: Apache-2.0

import Runtime

/// One processor's share of the pages: verifies a page, writes its next sequence number, goes on to another.
struct Worker {
    enum Pattern { case sequential, random, stride(Int) }

    private let region: Region
    private let ledger: Ledger
    private let pages: Range<Int>
    private let pattern: Pattern
    private var random: Random
    private var position = 0
    private var lap = 0

    init(region: Region, ledger: Ledger, pages: Range<Int>, pattern: Pattern, seed: UInt64) {
        self.region = region
        self.ledger = ledger
        self.pages = pages
        self.pattern = pattern
        random = Random(seed: seed)
    }

    /// Writes every page once, so that each has something to lose.
    func fill() {
        for page in pages {
            Page.write(region.address(page), sequence: 1)
            ledger.set(page, 1)
        }
    }

    /// Dirties up to `count` pages; false when a page was not what it should be.
    mutating func dirty(_ count: Int) -> Bool {
        for _ in 0..<count {
            let page = pages.lowerBound + next()
            guard check(page) else { return false }
            let sequence = ledger.sequence(page) &+ 1
            ledger.set(page, sequence)
            Page.write(region.address(page), sequence: UInt64(sequence))
        }
        return true
    }

    /// Verifies every page of the share.
    func verifyAll() -> Bool {
        for page in pages where !check(page) { return false }
        return true
    }

    private func check(_ page: Int) -> Bool {
        let (address, wanted) = (region.address(page), UInt64(ledger.sequence(page)))
        if Page.verify(address, sequence: wanted) { return true }
        ledger.fail(address: address, seen: Physical.read64(address), wanted: wanted)
        return false
    }

    private mutating func next() -> Int {
        switch pattern {
        case .random:
            return Int(random.below(UInt64(pages.count)))
        case .sequential:
            let page = position
            position = position + 1 == pages.count ? 0 : position + 1
            return page
        case .stride(let distance):
            let page = position
            position += distance
            if position >= pages.count {
                lap = (lap + 1) % min(distance, pages.count)
                position = lap
            }
            return page
        }
    }
}
