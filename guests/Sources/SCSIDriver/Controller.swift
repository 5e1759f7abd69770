// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// One virtio-scsi controller and its requests. Every request has a slot: header, response and data buffer.
final class Controller {
    private static let vector: UInt8 = 0x51
    private static let headerBytes: UInt64 = 64
    private static let responseBytes = 108
    let device: VirtioDevice
    let bufferBytes: Int
    let depth: Int
    private let sleeps: Bool
    private let control: Virtqueue
    private let events: Virtqueue
    private let queues: [Virtqueue]
    private let headers: UInt64
    private let responses: UInt64
    private let buffers: UInt64
    private let eventBuffers: UInt64
    private let completions: VectorSlot
    private var nextQueue = 0
    private(set) var completed: UInt64 = 0

    init(_ machine: Machine) throws(Failure) {
        let arguments = machine.arguments
        let pci = try PCI(machine)
        device = try VirtioDevice(try pci.find(vendor: 0x1AF4, device: 0x1048, index: 0))
        // VIRTIO_SCSI_F_HOTPLUG, VIRTIO_SCSI_F_CHANGE.
        let features = try device.negotiate(6 | Features.indirect | Features.eventIndex)
        bufferBytes = max(Int(arguments.number("bs", 4096)), 4096)
        depth = Int(arguments.number("depth", 16))
        sleeps = !arguments.has("wait", "poll")
        let offered = hw_load32(device.config)
        let count = UInt16(min(max(arguments.number("queues", 1), 1), UInt64(offered)))
        let processor = machine.processorIDs[0]
        control = try device.queue(0, size: 16, features: features, vector: Controller.vector, processor: processor)
        events = try device.queue(1, size: 16, features: features, vector: Controller.vector, processor: processor)
        var queues: [Virtqueue] = []
        for index in 0..<count {
            queues.append(
                try device.queue(
                    index + 2, size: 256, features: features, vector: Controller.vector, processor: processor))
        }
        self.queues = queues
        let slots = depth * queues.count + 1
        headers = try Physical.allocate(bytes: slots * Int(Controller.headerBytes))
        responses = try Physical.allocate(bytes: slots * 128)
        buffers = try Physical.allocate(bytes: slots * bufferBytes)
        eventBuffers = try Physical.allocate(bytes: 8 * 16)
        completions = machine.processor.slot(Controller.vector)
        device.start()
        report("result") {
            $0.field("kind", "controller")
            $0.field("queues", UInt64(offered))
            $0.field("used", UInt64(count))
        }
        for index in 0..<UInt32(8) { lend(index) }
        events.publish()
    }

    var slots: Int { depth * queues.count }
    func buffer(_ slot: Int) -> UInt64 { buffers + UInt64(slot * bufferBytes) }

    /// Queues a command; `bytes` of the slot's buffer are its data.
    func submit(
        _ slot: Int, unit: UInt64, _ block: [UInt8], bytes: Int, deviceWrites: Bool
    ) throws(Failure) {
        let header = headers + UInt64(slot) * Controller.headerBytes
        for word in UInt64(0)..<8 { hw_store64(header + word * 8, 0) }
        hw_store8(header, 1)
        hw_store8(header + 2, 0x40 | UInt8(unit >> 8))
        hw_store8(header + 3, UInt8(truncatingIfNeeded: unit))
        hw_store64(header + 8, UInt64(slot))
        for index in block.indices { hw_store8(header + 19 + UInt64(index), block[index]) }
        let response = responses + UInt64(slot) * 128
        hw_store32(response + 8, 0xFFFF_FFFF)
        var request = Request()
        request.append(Segment(header, 51))
        if bytes > 0, !deviceWrites { request.append(buffer(slot), bytes, deviceWrites: false, parts: 2) }
        request.append(Segment(response, Controller.responseBytes, deviceWrites: true))
        if bytes > 0, deviceWrites { request.append(buffer(slot), bytes, deviceWrites: true, parts: 2) }
        guard queues[min(slot / depth, queues.count - 1)].add(request, token: UInt32(slot)) else {
            throw Failure("queue-full", seen: UInt64(slot))
        }
    }

    func publish() {
        for queue in queues { queue.publish() }
    }

    /// The next finished slot, waiting for it.
    func complete() throws(Failure) -> Int {
        while true {
            let seen = completions.count
            for _ in queues.indices {
                nextQueue = nextQueue + 1 == queues.count ? 0 : nextQueue + 1
                guard let (token, _) = try queues[nextQueue].take() else { continue }
                completed += 1
                return Int(token)
            }
            try pause(seen, queues)
        }
    }

    private func pause(_ seen: UInt64, _ queues: [Virtqueue]) throws(Failure) {
        guard sleeps else { return hw_pause() }
        var waiting = false
        for queue in queues where queue.wantInterrupts(true) { waiting = true }
        if !waiting { completions.wait(past: seen) }
        if device.needsReset { throw Failure("device-needs-reset") }
    }

    func answer(_ slot: Int) -> Answer {
        let response = responses + UInt64(slot) * 128
        let hasSense = hw_load32(response) >= 14
        return Answer(
            response: hw_load8(response + 11), status: hw_load8(response + 10),
            key: hasSense ? hw_load8(response + 14) & 15 : 0, code: hasSense ? hw_load8(response + 24) : 0,
            qualifier: hasSense ? hw_load8(response + 25) : 0)
    }

    /// One command by itself, in slot 0.
    func perform(
        _ unit: UInt64, _ block: [UInt8], bytes: Int = 0, deviceWrites: Bool = true
    ) throws(Failure) -> Answer {
        try submit(0, unit: unit, block, bytes: bytes, deviceWrites: deviceWrites)
        publish()
        let slot = try complete()
        guard slot == 0 else { throw Failure("wrong-slot", seen: UInt64(slot)) }
        return answer(0)
    }

    /// The same until no unit attention is told; it must be good then.
    func mustPerform(
        _ unit: UInt64, _ block: [UInt8], bytes: Int = 0, deviceWrites: Bool = true
    ) throws(Failure) {
        for _ in 0..<8 {
            let answer = try perform(unit, block, bytes: bytes, deviceWrites: deviceWrites)
            if answer.isGood { return }
            guard answer.key == 6 else {
                throw Failure("command-failed", seen: answer.number, wanted: UInt64(block[0]))
            }
        }
        throw Failure("attention-without-end", seen: UInt64(block[0]))
    }

    /// Task management of a kind; gives the response.
    func manage(_ unit: UInt64, _ kind: UInt32) throws(Failure) -> UInt8 {
        let header = headers + UInt64(slots) * Controller.headerBytes
        let response = responses + UInt64(slots) * 128
        for word in UInt64(0)..<3 { hw_store64(header + word * 8, 0) }
        hw_store32(header + 4, kind)
        hw_store8(header + 8, 1)
        hw_store8(header + 10, 0x40)
        hw_store8(header + 11, UInt8(truncatingIfNeeded: unit))
        hw_store8(response, 0xFF)
        var request = Request()
        request.append(Segment(header, 24))
        request.append(Segment(response, 1, deviceWrites: true))
        guard control.add(request, token: 0) else { throw Failure("control-queue-full") }
        control.publish()
        while true {
            let seen = completions.count
            if try control.take() != nil { return hw_load8(response) }
            try pause(seen, [control])
        }
    }

    /// The next event, waiting for it: what it is, the unit, the reason.
    func event() throws(Failure) -> (kind: UInt32, unit: UInt64, reason: UInt32) {
        while true {
            let seen = completions.count
            if let (token, _) = try events.take() {
                let at = eventBuffers + UInt64(token) * 16
                let told = (hw_load32(at), UInt64(hw_load8(at + 7)), hw_load32(at + 12))
                lend(token)
                events.publish()
                return told
            }
            try pause(seen, [events])
        }
    }

    private func lend(_ index: UInt32) {
        var request = Request()
        request.append(Segment(eventBuffers + UInt64(index) * 16, 16, deviceWrites: true))
        _ = events.add(request, token: index)
    }

    // MARK: Units

    /// The numbers of all units.
    func scan() throws(Failure) -> [UInt64] {
        try mustPerform(0, [0xA0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0], bytes: 4096)
        let count = big32(buffer(0)) / 8
        var units: [UInt64] = []
        for index in 0..<count {
            let number = UInt64(hw_load8(buffer(0) + 8 + index * 8 + 1))
            units.append(number)
        }
        var present: [UInt64] = []
        for unit in units {
            try mustPerform(unit, [0x12, 0, 0, 0, 36, 0], bytes: 36)
            if hw_load8(buffer(0)) >> 5 == 0 { present.append(unit) }
        }
        return present
    }

    /// What a unit is; prints it.
    func describe(_ number: UInt64) throws(Failure) -> Unit {
        var unit = Unit(number: number)
        try mustPerform(number, [0x12, 0, 0, 0, 36, 0], bytes: 36)
        unit.isOptical = hw_load8(buffer(0)) == 5
        try mustPerform(number, [0x12, 1, 0x80, 0, 64, 0], bytes: 64)
        var serial: [UInt8] = []
        for index in 0..<UInt64(hw_load8(buffer(0) + 3)) { serial.append(hw_load8(buffer(0) + 4 + index)) }
        let ready = try perform(number, [0, 0, 0, 0, 0, 0])
        if !ready.isGood, ready.key != 6 {
            report("result") {
                $0.field("kind", "empty")
                $0.field("unit", number)
                $0.hex("sense", ready.number)
            }
            return unit
        }
        try mustPerform(number, [0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], bytes: 8)
        unit.blocks = big32(buffer(0)) + 1
        unit.blockBytes = big32(buffer(0) + 4)
        try mustPerform(number, [0x1A, 8, 0x3F, 0, 255, 0], bytes: 255)
        unit.isReadOnly = hw_load8(buffer(0) + 2) & 0x80 != 0
        report("result") {
            $0.field("kind", "unit")
            $0.field("unit", number)
            $0.field("type", unit.isOptical ? 5 : 0)
            $0.field("blocks", unit.blocks)
            $0.field("block_bytes", unit.blockBytes)
            $0.field("readonly", unit.isReadOnly ? 1 : 0)
            $0.text("serial", serial)
        }
        return unit
    }

    /// A unit that is only read: every block of it, and a write is refused.
    func checkReadOnly(_ unit: Unit) throws(Failure) {
        guard unit.blocks > 0 else { return }
        let (first, last) = (UInt64(0), unit.blocks - 1)
        for block in [first, last] {
            try mustPerform(unit.number, CommandBlock.read(block, 1), bytes: Int(unit.blockBytes))
        }
        let beyond = try perform(unit.number, CommandBlock.read(unit.blocks, 1), bytes: Int(unit.blockBytes))
        guard beyond.code == 0x21 else { throw Failure("read-beyond-the-end", seen: beyond.number, wanted: 0x21) }
        let written = try perform(
            unit.number, CommandBlock.write(0, 1), bytes: Int(unit.blockBytes), deviceWrites: false)
        guard written.key == (unit.isOptical ? 5 : 7) else {
            throw Failure("read-only-was-written", seen: written.number)
        }
        report("result") {
            $0.field("kind", "read_only")
            $0.field("unit", unit.number)
        }
    }

    func big32(_ address: UInt64) -> UInt64 {
        var value: UInt64 = 0
        for index in UInt64(0)..<4 { value = value << 8 | UInt64(hw_load8(address + index)) }
        return value
    }
}
