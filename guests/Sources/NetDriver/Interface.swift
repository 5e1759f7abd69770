// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// One virtio-net device with its pairs of queues (virtio 1.2 §5.1).
final class Interface {
    static let frameLimit = 1514
    static let headerBytes = 12
    private static let vector: UInt8 = 0x60
    let device: VirtioDevice
    let features: UInt64
    /// The device's address, first byte highest.
    let mac: UInt64
    let lanes: [Lane]
    /// Pairs that the device has.
    let pairs: UInt64
    private let processor: Processor
    private let timer: Timer
    private let control: Virtqueue?
    private let receiveBytes: Int
    private let assembled: UInt64
    private var turn = 0
    private var sendTurn = 0
    private(set) var received: UInt64 = 0
    private(set) var sent: UInt64 = 0
    private(set) var merged: UInt64 = 0

    init(_ machine: Machine) throws(Failure) {
        let arguments = machine.arguments
        let pci = try PCI(machine)
        device = try VirtioDevice(
            try pci.find(vendor: 0x1AF4, device: 0x1041, index: Int(arguments.number("nic", 0))))
        let wantedPairs = max(arguments.number("pairs", 1), 1)
        var wanted = Interface.wanted(arguments, pairs: wantedPairs)
        if arguments.has("ring", "packed") {
            wanted |= Features.packed
            guard device.offered & Features.packed != 0 else { throw Failure("no-packed-ring", seen: device.offered) }
        }
        features = try device.negotiate(wanted)
        guard features & NetFeatures.mac != 0 else { throw Failure("no-mac", seen: features) }
        var address: UInt64 = 0
        for offset in 0..<UInt64(6) { address = address << 8 | UInt64(hw_load8(device.config + offset)) }
        guard address != 0, address >> 40 & 1 == 0 else { throw Failure("mac-not-unicast", seen: address) }
        mac = address
        let hasMany = features & NetFeatures.multiQueue != 0
        pairs = hasMany ? UInt64(hw_load16(device.config + 8)) : 1
        guard pairs >= wantedPairs else { throw Failure("too-few-pairs", seen: pairs, wanted: wantedPairs) }
        let smallest = features & NetFeatures.mergeableBuffers != 0 ? 64 : 2048
        receiveBytes = max(Int(arguments.number("rxbuf", 2048)), smallest)
        let frameBytes = Interface.headerBytes + Int(arguments.number("size", 0))
        processor = machine.processor
        timer = Timer(machine: machine, rate: 100, vector: 0x40)
        var lanes: [Lane] = []
        for pair in 0..<UInt16(wantedPairs) {
            lanes.append(
                try Lane(
                    device, pair: pair, features: features, receiveBytes: receiveBytes,
                    transmitBytes: max(2048, (frameBytes + 63) & ~63), vector: Interface.vector,
                    processor: machine.processorIDs[0]))
        }
        self.lanes = lanes
        control =
            features & NetFeatures.control == 0
            ? nil
            : try device.queue(
                hasMany ? UInt16(2 * pairs) : 2, size: 16, features: features, vector: Interface.vector + 2,
                processor: machine.processorIDs[0])
        assembled = try Physical.allocate(bytes: 65536 + 2048)
        device.start()
        for lane in lanes { try lane.begin() }
        // A tick a hundred times a second bounds every sleep.
        timer.start(on: processor)
        if wantedPairs > 1, try !command([4, 0, UInt8(wantedPairs), 0]) { throw Failure("pairs-refused") }
    }

    private static func wanted(_ arguments: Arguments, pairs: UInt64) -> UInt64 {
        var wanted = NetFeatures.mac | NetFeatures.status | NetFeatures.mtu
        if !arguments.has("mrg", "off") { wanted |= NetFeatures.mergeableBuffers }
        if !arguments.has("indirect", "off") { wanted |= Features.indirect }
        if !arguments.has("eventidx", "off") { wanted |= Features.eventIndex }
        if arguments.has("offload", "on") { wanted |= NetFeatures.offloads }
        if pairs > 1 || arguments.has("control", "on") { wanted |= NetFeatures.control }
        if pairs > 1 { wanted |= NetFeatures.multiQueue }
        return wanted
    }

    var interrupts: UInt64 { processor.slot(Interface.vector).count }
    var kicks: UInt64 { lanes.reduce(0) { $0 + $1.receiveQueue.kicks + $1.transmitQueue.kicks } }
    /// Whether the device says the link is up; true when it says nothing.
    var linkIsUp: Bool { features & NetFeatures.status == 0 || hw_load16(device.config + 6) & 1 != 0 }

    /// Sends a command to the control queue (virtio 1.2 §5.1.6.5); whether the device did it.
    func command(_ bytes: [UInt8]) throws(Failure) -> Bool {
        guard let control else { throw Failure("no-control-queue") }
        let memory = try Physical.allocate(bytes: 256)
        for (offset, byte) in bytes.enumerated() { Physical.write8(memory + UInt64(offset), byte) }
        let answer = memory + 128
        Physical.write8(answer, 0x77)
        var request = Request()
        request.append(Segment(memory, 2))
        request.append(Segment(memory + 2, bytes.count - 2))
        request.append(Segment(answer, 1, deviceWrites: true))
        guard control.add(request, token: 0) else { throw Failure("control-queue-full") }
        control.publish()
        for _ in 0..<100_000_000 {
            if let (_, written) = try control.take() {
                guard written == 1 else { throw Failure("control-length", seen: UInt64(written)) }
                return Physical.read8(answer) == 0
            }
            hw_pause()
        }
        throw Failure("control-hangs")
    }

    /// The next frame, put together from its buffers, if one has arrived. It stays until the next call.
    /// - Throws: when the device breaks the ring or the frame.
    func receive() throws(Failure) -> Frame? {
        for _ in 0..<lanes.count {
            turn = (turn + 1) % lanes.count
            if let frame = try receive(lanes[turn]) { return frame }
        }
        return nil
    }

    private func receive(_ lane: Lane) throws(Failure) -> Frame? {
        guard let (first, bytes) = try lane.receiveQueue.take() else { return nil }
        let buffers = try bufferCount(lane, first, bytes)
        var length = 0
        try append(lane, first, Int(bytes), skipping: Interface.headerBytes, to: &length)
        for _ in 1..<buffers {
            guard let (next, more) = try takePromptly(lane) else {
                throw Failure("frame-incomplete", seen: UInt64(length))
            }
            try append(lane, next, Int(more), skipping: 0, to: &length)
        }
        if buffers > 1 { merged += 1 }
        lane.receiveQueue.publish()
        received += 1
        return Frame(address: assembled, length: length)
    }

    private func bufferCount(_ lane: Lane, _ first: UInt32, _ bytes: UInt32) throws(Failure) -> UInt16 {
        guard Int(bytes) >= Interface.headerBytes, Int(bytes) <= receiveBytes else {
            throw Failure("received-length", seen: UInt64(bytes))
        }
        let buffers =
            features & NetFeatures.mergeableBuffers != 0 ? hw_load16(lane.receiveBuffer(first) + 10) : 1
        guard buffers >= 1, buffers <= lane.receiveQueue.size else {
            throw Failure("num-buffers", seen: UInt64(buffers))
        }
        return buffers
    }

    /// Takes what has arrived without looking at it, at most `limit` frames; gives its frames and bytes.
    func drain(limit: Int) throws(Failure) -> (frames: Int, bytes: Int) {
        var (frames, bytes) = (0, 0)
        for lane in lanes {
            while frames < limit, let (first, count) = try lane.receiveQueue.take() {
                let buffers = try bufferCount(lane, first, count)
                bytes += Int(count) - Interface.headerBytes
                try lane.offer(first)
                for _ in 1..<buffers {
                    guard let (next, more) = try takePromptly(lane) else { throw Failure("frame-incomplete") }
                    bytes += Int(more)
                    try lane.offer(next)
                }
                frames += 1
                if frames % 32 == 0 { lane.receiveQueue.publish() }
            }
            lane.receiveQueue.publish()
        }
        received += UInt64(frames)
        return (frames, bytes)
    }

    /// Sends a frame that `build` writes and gives the length of; false when no buffer is free. Lanes take turns.
    func send(_ build: (UInt64) -> Int) throws(Failure) -> Bool {
        for _ in 0..<lanes.count {
            sendTurn = (sendTurn + 1) % lanes.count
            let lane = lanes[sendTurn]
            guard let slot = try lane.takeIdle() else { continue }
            let address = lane.transmitBuffer(slot)
            Physical.clear(address, bytes: Interface.headerBytes)
            let length = build(address + UInt64(Interface.headerBytes))
            guard lane.send(slot, bytes: length) else { continue }
            sent += 1
            return true
        }
        return false
    }

    /// Counts frames that went past `send`.
    func count(sent frames: UInt64) { sent += frames }

    /// Shows the device what was sent.
    func flush() {
        for lane in lanes { lane.transmitQueue.publish() }
    }

    /// Sleeps until a frame arrives, a transmission ends when `transmitting`, or a hundredth of a second is over.
    func wait(transmitting: Bool = false) throws(Failure) {
        let slot = processor.slot(transmitting ? Interface.vector + 1 : Interface.vector)
        let seen = slot.count
        var waiting = false
        for lane in lanes {
            if lane.receiveQueue.wantInterrupts(true) { waiting = true }
            if transmitting, lane.transmitQueue.wantInterrupts(true) { waiting = true }
        }
        if !waiting { slot.wait(past: seen) }
        if transmitting { for lane in lanes { _ = lane.transmitQueue.wantInterrupts(false) } }
        if device.needsReset { throw Failure("device-needs-reset") }
    }

    /// Copies a buffer's data to the end of the frame and gives the buffer back.
    private func append(
        _ lane: Lane, _ index: UInt32, _ bytes: Int, skipping: Int, to length: inout Int
    ) throws(Failure) {
        guard bytes >= skipping, bytes <= receiveBytes, length + bytes <= 65536 else {
            throw Failure("received-length", seen: UInt64(bytes))
        }
        if let target = Physical.pointer(assembled + UInt64(length)),
            let source = Physical.pointer(lane.receiveBuffer(index) + UInt64(skipping))
        {
            target.copyMemory(from: source, byteCount: bytes - skipping)
        }
        length += bytes - skipping
        try lane.offer(index)
    }

    /// The rest of a frame is there with its beginning, or very soon.
    private func takePromptly(_ lane: Lane) throws(Failure) -> (token: UInt32, bytes: UInt32)? {
        for _ in 0..<10_000_000 {
            if let next = try lane.receiveQueue.take() { return next }
            hw_pause()
        }
        return nil
    }
}
