// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Keeps the queues full of one kind of request and counts what comes back.
struct Measurement {
    private let disk: Disk
    private let clock: Clock
    private let random: Bool
    private let writes: Bool
    private let blocks: UInt64
    private let limit: UInt64
    private let count: UInt64
    private var generator: Random
    private var position: UInt64 = 0

    init(_ disk: Disk, _ machine: Machine, random: Bool, writes: Bool) throws(Failure) {
        self.disk = disk
        clock = machine.clock
        self.random = random
        self.writes = writes
        blocks = min(disk.capacity * 512, machine.arguments.number("size", .max)) / UInt64(disk.blockBytes)
        guard blocks > 0 else { throw Failure("disk-too-small", seen: disk.capacity) }
        limit = machine.arguments.number("seconds", 3) * 1000
        count = machine.arguments.number("count", .max)
        generator = Random(seed: machine.arguments.number("seed", 1))
    }

    mutating func run(_ name: StaticString) throws(Failure) {
        let (start, interrupts, kicks) = (Clock.now, disk.interrupts, disk.kicks)
        var (issued, done) = (UInt64(0), UInt64(0))
        for slot in 0..<disk.slots where issued < count {
            try issue(slot)
            issued += 1
        }
        disk.publish()
        while done < issued {
            let (slot, _) = try disk.complete()
            done += 1
            guard disk.status(slot) == BlockStatus.ok else {
                throw Failure("request-failed", seen: UInt64(disk.status(slot)))
            }
            guard issued < count, count != .max || clock.milliseconds(since: start) < limit else { continue }
            try issue(slot)
            disk.publish()
            issued += 1
        }
        let cycles = Clock.now &- start
        let microseconds = max(cycles / max(clock.cyclesPerMillisecond / 1000, 1), 1)
        report("result") {
            $0.field("kind", name)
            $0.field("requests", done)
            $0.field("bytes", done * UInt64(disk.blockBytes))
            $0.field("us", microseconds)
            $0.field("iops", done * 1_000_000 / microseconds)
            $0.field("mb_per_s", done * UInt64(disk.blockBytes) / microseconds)
            $0.field("cycles_per_request", cycles / max(done, 1))
            $0.field("interrupts", disk.interrupts - interrupts)
            $0.field("kicks", disk.kicks - kicks)
        }
    }

    private mutating func issue(_ slot: Int) throws(Failure) {
        let block: UInt64
        if random {
            block = generator.below(blocks)
        } else {
            block = position
            position = position + 1 == blocks ? 0 : position + 1
        }
        try disk.submit(
            slot, writes ? BlockCommand.write : BlockCommand.read, sector: block * UInt64(disk.blockBytes / 512),
            bytes: disk.blockBytes, deviceWrites: !writes)
    }
}
