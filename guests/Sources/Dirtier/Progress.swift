// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// The boot processor's view of all workers: moves the phases on and prints.
struct Progress {
    private let clock: Clock
    private let ledger: Ledger
    private let processors: Int
    private let limit: UInt64
    private let interval: UInt64
    private var start: UInt64 = 0
    private var printed: UInt64 = 0
    private var pagesPrinted: UInt64 = 0
    private var timePrinted: UInt64 = 0

    init(machine: Machine, ledger: Ledger, processors: Int) {
        clock = machine.clock
        self.ledger = ledger
        self.processors = processors
        limit = machine.arguments.number("seconds", 5) * 1000
        interval = max(machine.arguments.number("interval", 1000), 1)
    }

    /// Called between chunks; false when the run is over.
    mutating func update() -> Bool {
        if ledger.phase == 0 {
            for index in 0..<processors where ledger.progress(index).finished == 0 { return true }
            report("result") { $0.field("kind", "filled") }
            start = Clock.now
            timePrinted = start
            ledger.setPhase(1)
            return true
        }
        let elapsed = clock.milliseconds(since: start)
        if elapsed / interval != printed {
            printed = elapsed / interval
            print(elapsed)
        }
        do throws(Failure) { try ledger.check() } catch { return false }
        return limit == 0 || elapsed < limit
    }

    /// Waits for everybody's verification.
    /// - Throws: when a page was lost or stale.
    mutating func finish() throws(Failure) {
        let elapsed = clock.milliseconds(since: start)
        ledger.setPhase(2)
        for index in 0..<processors {
            while ledger.progress(index).finished < 3 { hw_pause() }
        }
        print(elapsed)
        try ledger.check()
        report("result") {
            $0.field("kind", "verified")
            $0.field("ms", elapsed)
            $0.field("pages_dirtied", total)
        }
    }

    private var total: UInt64 {
        var pages: UInt64 = 0
        for index in 0..<processors { pages += ledger.progress(index).pages }
        return pages
    }

    private mutating func print(_ elapsed: UInt64) {
        let (now, pages) = (Clock.now, total)
        let milliseconds = max((now &- timePrinted) / clock.cyclesPerMillisecond, 1)
        let rate = (pages - pagesPrinted) * 4096 / milliseconds / 1000
        report("result") {
            $0.field("kind", "dirty")
            $0.field("ms", elapsed)
            $0.field("pages", pages)
            $0.field("mb_per_s", rate)
        }
        (timePrinted, pagesPrinted) = (now, pages)
    }
}
