// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Writes a unit's blocks with known contents, many at a time, reads them back, and holds its other commands to their word.
struct Check {
    private let controller: Controller
    private let unit: Unit
    private let requestBytes: Int
    private let places: UInt64
    private let count: UInt64
    private var random: Random
    private var generations: [UInt16]
    private var busy: [Bool]
    private var inFlight: [(place: Int, writes: Bool)]

    init(_ controller: Controller, _ unit: Unit, _ machine: Machine) throws(Failure) {
        self.controller = controller
        self.unit = unit
        requestBytes = controller.bufferBytes
        let bytes = min(unit.blocks * unit.blockBytes, machine.arguments.number("size", 4 << 20))
        places = bytes / UInt64(requestBytes)
        guard places > UInt64(controller.slots) else { throw Failure("unit-too-small", seen: bytes) }
        count = machine.arguments.number("count", 1000)
        random = Random(seed: machine.arguments.number("seed", 1) &+ unit.number)
        generations = [UInt16](repeating: 0, count: Int(places))
        busy = [Bool](repeating: false, count: Int(places))
        inFlight = [(place: Int, writes: Bool)](repeating: (0, false), count: controller.slots)
    }

    mutating func run() throws(Failure) {
        var (issued, open) = (UInt64(0), 0)
        for slot in 0..<controller.slots where issued < count {
            try begin(slot)
            issued += 1
            open += 1
        }
        controller.publish()
        while open > 0 {
            let slot = try finish()
            open -= 1
            guard issued < count else { continue }
            try begin(slot)
            controller.publish()
            issued += 1
            open += 1
        }
        try controller.mustPerform(unit.number, CommandBlock.ten(0x35, 0, 0, 0))
        for place in 0..<Int(places) where generations[place] > 0 { try check(place) }
        report("result") {
            $0.field("kind", "data")
            $0.field("unit", unit.number)
            $0.field("requests", issued)
        }
        try rest()
    }

    private var blocksPerRequest: UInt64 { UInt64(requestBytes) / unit.blockBytes }

    private func seed(_ place: Int) -> UInt64 { UInt64(place) << 16 | UInt64(generations[place]) }

    private mutating func begin(_ slot: Int) throws(Failure) {
        var place = Int(random.below(places))
        while busy[place] { place = place + 1 == Int(places) ? 0 : place + 1 }
        busy[place] = true
        let writes = generations[place] == 0 || random.next() & 1 == 0
        inFlight[slot] = (place, writes)
        if writes { generations[place] &+= 1 }
        Pattern.fill(controller.buffer(slot), bytes: requestBytes, seed: writes ? seed(place) : .max)
        let first = UInt64(place) * blocksPerRequest
        try controller.submit(
            slot, unit: unit.number,
            writes
                ? CommandBlock.write(first, blocksPerRequest, durable: random.next() & 7 == 0)
                : CommandBlock.read(first, blocksPerRequest), bytes: requestBytes, deviceWrites: !writes)
    }

    private mutating func finish() throws(Failure) -> Int {
        let slot = try controller.complete()
        let answer = controller.answer(slot)
        guard answer.isGood else { throw Failure("transfer-failed", seen: answer.number) }
        let (place, writes) = inFlight[slot]
        busy[place] = false
        if !writes, !Pattern.matches(controller.buffer(slot), bytes: requestBytes, seed: seed(place)) {
            throw Failure("data-differs", seen: UInt64(place), wanted: UInt64(generations[place]))
        }
        return slot
    }

    private func check(_ place: Int) throws(Failure) {
        try controller.mustPerform(
            unit.number, CommandBlock.read(UInt64(place) * blocksPerRequest, blocksPerRequest), bytes: requestBytes)
        guard Pattern.matches(controller.buffer(0), bytes: requestBytes, seed: seed(place)) else {
            throw Failure("data-differs-at-the-end", seen: UInt64(place), wanted: UInt64(generations[place]))
        }
    }

    /// WRITE SAME, UNMAP, refusals and resets.
    private func rest() throws(Failure) {
        let (bytes, buffer) = (Int(unit.blockBytes), controller.buffer(0))
        Pattern.fill(buffer, bytes: bytes, seed: 77)
        try controller.mustPerform(unit.number, CommandBlock.ten(0x41, 0, 0, 16), bytes: bytes, deviceWrites: false)
        Pattern.fill(buffer, bytes: bytes, seed: 1)
        try controller.mustPerform(unit.number, CommandBlock.read(15, 1), bytes: bytes)
        guard Pattern.matches(buffer, bytes: bytes, seed: 77) else { throw Failure("write-same-differs") }
        // UNMAP of the first four blocks, then zeros over them.
        for word in UInt64(0)..<3 { hw_store64(buffer + word * 8, 0) }
        hw_store8(buffer + 1, 22)
        hw_store8(buffer + 3, 16)
        hw_store8(buffer + 19, 4)
        try controller.mustPerform(
            unit.number, [0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0], bytes: 24, deviceWrites: false)
        Pattern.fill(buffer, bytes: bytes, seed: 1)
        try controller.mustPerform(unit.number, CommandBlock.read(3, 1), bytes: bytes)
        guard Pattern.isZero(buffer, bytes: bytes) else { throw Failure("unmapped-block-has-data") }
        let beyond = try controller.perform(unit.number, CommandBlock.read(unit.blocks, 1), bytes: bytes)
        guard beyond.code == 0x21 else { throw Failure("read-beyond-the-end", seen: beyond.number, wanted: 0x21) }
        let nobody = try controller.perform(unit.number, [0xFF, 0, 0, 0, 0, 0])
        guard nobody.code == 0x20 else { throw Failure("unknown-command", seen: nobody.number, wanted: 0x20) }
        let stranger = try controller.perform(200, [0, 0, 0, 0, 0, 0])
        guard stranger.code == 0x25 else { throw Failure("unknown-unit", seen: stranger.number, wanted: 0x25) }
        // LOGICAL UNIT RESET, then the condition that tells of it.
        let response = try controller.manage(unit.number, 5)
        guard response == 0 else { throw Failure("reset-refused", seen: UInt64(response)) }
        let told = try controller.perform(unit.number, [0, 0, 0, 0, 0, 0])
        guard told.key == 6, told.code == 0x29 else { throw Failure("reset-not-told", seen: told.number) }
        report("result") {
            $0.field("kind", "commands")
            $0.field("unit", unit.number)
        }
    }
}
