// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Timer interrupts on every processor, counted and checked, interrupts between processors, and wake-ups from HLT.
///
/// `seconds=` (3) or `ticks=` (per processor) ends it; `rate=` interrupts a second (100); `vcpus=` (all);
/// `timer=periodic|deadline` (deadline when offered); `apic=x2apic`; `interval=` milliseconds between progress lines.
@main
struct Counter: Payload {
    static let name: StaticString = "counter"
    static let timerVector: UInt8 = 0x40
    static let callVector: UInt8 = 0x41
    static let answerVector: UInt8 = 0x42

    static func run(_ machine: Machine) throws(Failure) {
        let rate = max(machine.arguments.number("rate", 100), 1)
        let timer = Timer(machine: machine, rate: rate, vector: timerVector)
        let tallies = try Tallies(capacity: machine.processorIDs.count)
        let limit = Int(machine.arguments.number("vcpus", 64))
        let bootID = machine.processorIDs[0]
        let processors = try machine.startProcessors(limit) { work($0, timer, tallies, bootID) }
        report("result") {
            $0.field("cpus_online", processors.count)
            $0.field("timer", timer.name)
            $0.field("rate", rate)
            $0.field("apic", machine.processor.apic.mode == .memory ? "xapic" : "x2apic")
        }
        try exchangeInterrupts(machine, processors)
        try wakeFromHalt(machine, timer)
        try countTicks(machine, processors, timer, tallies)
    }

    /// What every other processor does: it ticks while told to, keeps its tally, and answers calls.
    private static func work(_ processor: Processor, _ timer: Timer, _ tallies: Tallies, _ bootID: UInt32) {
        let calls = processor.slot(callVector)
        let ticks = processor.slot(timerVector)
        var answered: UInt64 = 0
        var running = false
        while true {
            let seen = calls.count
            while answered < seen {
                processor.apic.interrupt(bootID, vector: answerVector)
                answered += 1
            }
            let wanted = tallies.isRunning
            if wanted != running {
                if wanted { timer.start(on: processor) } else { timer.stop(on: processor) }
                running = wanted
            }
            tallies.record(processor.index, ticks.count)
            calls.wait(past: seen)
        }
    }

    /// Calls each processor in turn and waits asleep for its answer.
    private static func exchangeInterrupts(_ machine: Machine, _ processors: [Processor]) throws(Failure) {
        let answers = machine.processor.slot(answerVector)
        let rounds = machine.arguments.number("ipis", 100)
        for processor in processors where processor.index != 0 {
            var (shortest, longest, total): (UInt64, UInt64, UInt64) = (.max, 0, 0)
            for _ in 0..<rounds {
                let seen = answers.count
                let start = Clock.now
                machine.processor.apic.interrupt(machine.processorIDs[processor.index], vector: callVector)
                while answers.count == seen { answers.wait(past: seen) }
                guard answers.count == seen + 1 else {
                    throw Failure("answer-count", seen: answers.count, wanted: seen + 1)
                }
                let cycles = answers.lastTSC &- start
                shortest = min(shortest, cycles)
                longest = max(longest, cycles)
                total += cycles
            }
            guard processor.slot(callVector).count == rounds else {
                throw Failure("call-count", seen: processor.slot(callVector).count, wanted: rounds)
            }
            guard rounds > 0 else { continue }
            report("result") {
                $0.field("kind", "ipi_round_trip")
                $0.field("cpu", processor.index)
                $0.field("count", rounds)
                $0.field("min", shortest)
                $0.field("mean", total / rounds)
                $0.field("max", longest)
            }
        }
    }

    /// Sleeps until a one-shot timer; each must bring exactly one interrupt.
    private static func wakeFromHalt(_ machine: Machine, _ timer: Timer) throws(Failure) {
        let slot = machine.processor.slot(timerVector)
        let rounds = machine.arguments.number("halts", 20)
        var longest: UInt64 = 0
        for _ in 0..<rounds {
            let seen = slot.count
            let deadline = timer.startOnce(on: machine.processor, milliseconds: 2)
            while slot.count == seen { slot.wait(past: seen) }
            guard slot.count == seen + 1 else { throw Failure("wake-count", seen: slot.count, wanted: seen + 1) }
            longest = max(longest, slot.lastTSC &- min(deadline, slot.lastTSC))
        }
        timer.stop(on: machine.processor)
        report("result") {
            $0.field("kind", "halt_wake")
            $0.field("count", rounds)
            $0.field("latest_us", longest * 1000 / machine.clock.cyclesPerMillisecond)
        }
    }

    /// Lets every processor tick until the time or the number is reached.
    private static func countTicks(
        _ machine: Machine, _ processors: [Processor], _ timer: Timer, _ tallies: Tallies
    ) throws(Failure) {
        let target = machine.arguments.number("ticks", 0)
        let limit = machine.arguments.number("seconds", 3) * 1000
        let interval = max(machine.arguments.number("interval", 1000), 1)
        for processor in processors { processor.slot(timerVector).reset() }
        setRunning(true, machine, processors, tallies)
        timer.start(on: machine.processor)
        let own = machine.processor.slot(timerVector)
        let start = Clock.now
        var printed: UInt64 = 0
        var finished = false
        while !finished {
            own.wait(past: own.count)
            tallies.record(0, own.count)
            let elapsed = machine.clock.milliseconds(since: start)
            let slowest = try tallies.check(processors, timerVector)
            finished = target > 0 ? slowest >= target : elapsed >= limit && slowest > 0
            if elapsed / interval != printed || finished {
                printed = elapsed / interval
                let ticks = processors.map { $0.slot(timerVector).count }
                report("result") {
                    $0.field("kind", "ticks")
                    $0.field("ms", elapsed)
                    $0.list("ticks", ticks)
                }
            }
        }
        let gaps = processors.map { $0.slot(timerVector).largestGap * 1000 / machine.clock.cyclesPerMillisecond }
        setRunning(false, machine, processors, tallies)
        timer.stop(on: machine.processor)
        report("result") {
            $0.field("kind", "largest_gap")
            $0.list("us", gaps)
        }
    }

    private static func setRunning(
        _ running: Bool, _ machine: Machine, _ processors: [Processor], _ tallies: Tallies
    ) {
        tallies.setRunning(running)
        for processor in processors where processor.index != 0 {
            machine.processor.apic.interrupt(machine.processorIDs[processor.index], vector: callVector)
        }
    }
}
