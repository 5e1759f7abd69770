// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Writes blocks with known contents, many at a time, and reads every one of them back.
struct Verification {
    private struct Operation {
        var block = 0
        var writes = false
    }

    private let disk: Disk
    private let blocks: Int
    private let randomCount: UInt64
    private var random: Random
    private var generations: [UInt16]
    private var busy: [Bool]
    private var operations: [Operation]

    init(_ disk: Disk, _ machine: Machine) throws(Failure) {
        self.disk = disk
        let bytes = min(disk.capacity * 512, machine.arguments.number("size", 16 << 20))
        blocks = Int(bytes) / disk.blockBytes
        guard blocks > 0 else { throw Failure("disk-too-small", seen: disk.capacity) }
        randomCount = machine.arguments.number("count", 2000)
        random = Random(seed: machine.arguments.number("seed", 1))
        generations = [UInt16](repeating: 0, count: blocks)
        busy = [Bool](repeating: false, count: blocks)
        operations = [Operation](repeating: Operation(), count: disk.slots)
    }

    mutating func run() throws(Failure) {
        try sweep(writes: true)
        try flush()
        try sweep(writes: false)
        try mix()
        try flush()
        try sweep(writes: false)
        report("result") {
            $0.field("kind", "data")
            $0.field("blocks", blocks)
            $0.field("block_bytes", disk.blockBytes)
            $0.field("random_requests", randomCount)
        }
    }

    /// Every block once, in order.
    private mutating func sweep(writes: Bool) throws(Failure) {
        var (next, inFlight) = (0, 0)
        while next < min(disk.slots, blocks) {
            try begin(next, Operation(block: next, writes: writes))
            next += 1
            inFlight += 1
        }
        disk.publish()
        while inFlight > 0 {
            let slot = try finish()
            inFlight -= 1
            guard next < blocks else { continue }
            try begin(slot, Operation(block: next, writes: writes))
            disk.publish()
            next += 1
            inFlight += 1
        }
    }

    /// Reads and writes of blocks nobody is at work on, in no order.
    private mutating func mix() throws(Failure) {
        var (issued, inFlight) = (UInt64(0), 0)
        for slot in 0..<disk.slots where issued < randomCount {
            guard let operation = pick() else { break }
            try begin(slot, operation)
            issued += 1
            inFlight += 1
        }
        disk.publish()
        while inFlight > 0 {
            let slot = try finish()
            inFlight -= 1
            guard issued < randomCount, let operation = pick() else { continue }
            try begin(slot, operation)
            disk.publish()
            issued += 1
            inFlight += 1
        }
    }

    private mutating func pick() -> Operation? {
        for _ in 0..<16 {
            let block = Int(random.below(UInt64(blocks)))
            if !busy[block] { return Operation(block: block, writes: random.next() & 1 == 0) }
        }
        return nil
    }

    private mutating func begin(_ slot: Int, _ operation: Operation) throws(Failure) {
        operations[slot] = operation
        busy[operation.block] = true
        if operation.writes {
            generations[operation.block] &+= 1
            Pattern.fill(disk.buffer(slot), bytes: disk.blockBytes, seed: seed(operation.block))
        } else {
            // Whatever the last request left here must not pass for data.
            Pattern.fill(disk.buffer(slot), bytes: disk.blockBytes, seed: .max)
        }
        try disk.submit(
            slot, operation.writes ? BlockCommand.write : BlockCommand.read,
            sector: UInt64(operation.block * (disk.blockBytes / 512)), bytes: disk.blockBytes,
            deviceWrites: !operation.writes)
    }

    private mutating func finish() throws(Failure) -> Int {
        let (slot, bytes) = try disk.complete()
        let operation = operations[slot]
        busy[operation.block] = false
        let status = disk.status(slot)
        guard status == BlockStatus.ok else { throw Failure("request-failed", seen: UInt64(status)) }
        let wanted = operation.writes ? 1 : disk.blockBytes + 1
        guard Int(bytes) == wanted else {
            throw Failure("used-length", seen: UInt64(bytes), wanted: UInt64(wanted))
        }
        if !operation.writes,
            !Pattern.matches(disk.buffer(slot), bytes: disk.blockBytes, seed: seed(operation.block))
        {
            throw Failure("data-differs", seen: UInt64(operation.block), wanted: UInt64(generations[operation.block]))
        }
        return slot
    }

    private func seed(_ block: Int) -> UInt64 {
        UInt64(block) << 16 | UInt64(generations[block])
    }

    private func flush() throws(Failure) {
        guard disk.features & BlockFeatures.flush != 0 else { return }
        let status = try disk.perform(BlockCommand.flush, sector: 0, bytes: 0, deviceWrites: false)
        guard status == BlockStatus.ok else { throw Failure("flush-failed", seen: UInt64(status)) }
    }
}
