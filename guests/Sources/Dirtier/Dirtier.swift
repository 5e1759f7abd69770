// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Writes memory at a set rate and in a set order, and verifies every page before it is written again.
///
/// `rate=` MB/s over all processors (0: as fast as it goes); `size=` MiB (all RAM above `start=`); `start=` (after the
/// image and its heap); `pattern=sequential|random|stride` with `stride=` pages (17); `vcpus=` (all); `seconds=` (5, 0: for
/// ever); `interval=` milliseconds between progress lines (1000); `seed=`. Ends with a verification of every page.
@main
struct Dirtier: Payload {
    static let name: StaticString = "dirtier"
    private static let chunk = 64

    static func run(_ machine: Machine) throws(Failure) {
        let arguments = machine.arguments
        let start = arguments.number("start", machine.freeStart)
        guard start >= machine.freeStart else {
            throw Failure("start-inside-image", seen: start, wanted: machine.freeStart)
        }
        let mebibytes = min(arguments.number("size", 1 << 30), 1 << 30)
        let region = try Region(machine.memory, start: start, bytes: mebibytes << 20)
        let count = min(Int(arguments.number("vcpus", 64)), machine.processorIDs.count, region.pages)
        let ledger = try Ledger(pages: region.pages, processors: count)
        let timer = Timer(machine: machine, rate: 1000, vector: 0x40)
        let pacer = Pacer(machine.clock, timer, bytesPerSecond: arguments.number("rate", 0) * 1_000_000 / UInt64(count))
        let pattern: Worker.Pattern =
            if arguments.has("pattern", "random") {
                .random
            } else if arguments.has("pattern", "stride") {
                .stride(max(Int(arguments.number("stride", 17)), 1))
            } else {
                .sequential
            }
        let seed = arguments.number("seed", 1)
        func worker(_ index: Int) -> Worker {
            let share = (region.pages * index / count)..<(region.pages * (index + 1) / count)
            return Worker(
                region: region, ledger: ledger, pages: share, pattern: pattern, seed: seed &+ UInt64(index))
        }
        let processors = try machine.startProcessors(count) { processor in
            var own = worker(processor.index)
            work(processor, &own, ledger, pacer) { true }
        }
        report("result") {
            $0.field("kind", "start")
            $0.field("cpus", processors.count)
            $0.field("pages", region.pages)
            $0.hex("first", region.address(0))
            $0.hex("last", region.address(region.pages - 1))
        }
        var own = worker(0)
        var progress = Progress(machine: machine, ledger: ledger, processors: processors.count)
        work(machine.processor, &own, ledger, pacer) { progress.update() }
        try progress.finish()
    }

    /// Fill, dirty until told otherwise, verify. `keepOn` is asked after every chunk and may end this processor's run.
    private static func work(
        _ processor: Processor, _ worker: inout Worker, _ ledger: Ledger, _ pacer: Pacer, _ keepOn: () -> Bool
    ) {
        worker.fill()
        ledger.setFinished(processor.index, 0)
        while ledger.phase == 0, keepOn() { hw_pause() }
        let begin = Clock.now
        var pages: UInt64 = 0
        while ledger.phase == 1 {
            guard worker.dirty(chunk) else { break }
            pages += UInt64(chunk)
            ledger.setPages(processor.index, pages)
            guard keepOn() else { break }
            pacer.wait(processor, pages: pages, since: begin)
        }
        _ = worker.verifyAll()
        ledger.setFinished(processor.index, 2)
    }
}
