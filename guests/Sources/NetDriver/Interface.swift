// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// One virtio-net device with a receive and a transmit queue (virtio 1.2 §5.1).
final class Interface {
    static let frameLimit = 1514
    private static let headerBytes = 12
    private static let vector: UInt8 = 0x60
    private static let transmitBytes = 2048
    let device: VirtioDevice
    let features: UInt64
    /// The device's address, first byte highest.
    let mac: UInt64
    private let processor: Processor
    private let timer: Timer
    private let receiveQueue: Virtqueue
    private let transmitQueue: Virtqueue
    private let receiveBytes: Int
    private let receiveBuffers: UInt64
    private let transmitBuffers: UInt64
    private let assembled: UInt64
    private var idle: [UInt32] = []
    private(set) var received: UInt64 = 0
    private(set) var sent: UInt64 = 0
    private(set) var merged: UInt64 = 0

    init(_ machine: Machine) throws(Failure) {
        let arguments = machine.arguments
        let pci = try PCI(machine)
        device = try VirtioDevice(
            try pci.find(vendor: 0x1AF4, device: 0x1041, index: Int(arguments.number("nic", 0))))
        var wanted = NetFeatures.mac | NetFeatures.status | NetFeatures.mtu
        if !arguments.has("mrg", "off") { wanted |= NetFeatures.mergeableBuffers }
        if !arguments.has("indirect", "off") { wanted |= Features.indirect }
        if !arguments.has("eventidx", "off") { wanted |= Features.eventIndex }
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
        let smallest = features & NetFeatures.mergeableBuffers != 0 ? 64 : Interface.transmitBytes
        receiveBytes = max(Int(arguments.number("rxbuf", 2048)), smallest)
        processor = machine.processor
        timer = Timer(machine: machine, rate: 100, vector: 0x40)
        receiveQueue = try device.queue(
            0, size: 256, features: features, vector: Interface.vector, processor: machine.processorIDs[0])
        transmitQueue = try device.queue(
            1, size: 256, features: features, vector: Interface.vector + 1, processor: machine.processorIDs[0])
        receiveBuffers = try Physical.allocate(bytes: Int(receiveQueue.size) * receiveBytes)
        let slots = Int(min(transmitQueue.size, 128))
        transmitBuffers = try Physical.allocate(bytes: slots * Interface.transmitBytes)
        assembled = try Physical.allocate(bytes: 65536 + 2048)
        for slot in 0..<slots { idle.append(UInt32(slot)) }
        device.start()
        for buffer in 0..<UInt32(receiveQueue.size) { try offer(buffer) }
        receiveQueue.publish()
        _ = transmitQueue.wantInterrupts(false)
        // A tick a hundred times a second bounds every sleep.
        timer.start(on: processor)
    }

    var interrupts: UInt64 { processor.slot(Interface.vector).count }
    var kicks: UInt64 { receiveQueue.kicks + transmitQueue.kicks }
    /// Whether the device says the link is up; true when it says nothing.
    var linkIsUp: Bool { features & NetFeatures.status == 0 || hw_load16(device.config + 6) & 1 != 0 }

    /// The next frame, put together from its buffers, if one has arrived. It stays until the next call.
    /// - Throws: when the device breaks the ring or the frame.
    func receive() throws(Failure) -> Frame? {
        guard let (first, bytes) = try receiveQueue.take() else { return nil }
        guard Int(bytes) >= Interface.headerBytes, Int(bytes) <= receiveBytes else {
            throw Failure("received-length", seen: UInt64(bytes))
        }
        let buffers = features & NetFeatures.mergeableBuffers != 0 ? hw_load16(buffer(first) + 10) : 1
        guard buffers >= 1, buffers <= receiveQueue.size else { throw Failure("num-buffers", seen: UInt64(buffers)) }
        var length = 0
        try append(first, Int(bytes), skipping: Interface.headerBytes, to: &length)
        for _ in 1..<buffers {
            guard let (next, more) = try takePromptly() else { throw Failure("frame-incomplete", seen: UInt64(length)) }
            try append(next, Int(more), skipping: 0, to: &length)
        }
        if buffers > 1 { merged += 1 }
        receiveQueue.publish()
        received += 1
        return Frame(address: assembled, length: length)
    }

    /// Sends a frame that `build` writes and gives the length of; false when no buffer is free.
    func send(_ build: (UInt64) -> Int) throws(Failure) -> Bool {
        while let (slot, _) = try transmitQueue.take() { idle.append(slot) }
        guard let slot = idle.popLast() else { return false }
        let address = transmitBuffers + UInt64(slot) * UInt64(Interface.transmitBytes)
        Physical.clear(address, bytes: Interface.headerBytes)
        let length = build(address + UInt64(Interface.headerBytes))
        var request = Request()
        request.append(Segment(address, Interface.headerBytes))
        request.append(Segment(address + UInt64(Interface.headerBytes), length))
        guard transmitQueue.add(request, token: slot) else {
            idle.append(slot)
            return false
        }
        sent += 1
        return true
    }

    /// Shows the device what was sent.
    func flush() {
        transmitQueue.publish()
    }

    /// Sleeps until a frame arrives, a transmission ends when `transmitting`, or a hundredth of a second is over.
    func wait(transmitting: Bool = false) throws(Failure) {
        let slot = processor.slot(transmitting ? Interface.vector + 1 : Interface.vector)
        let seen = slot.count
        var waiting = receiveQueue.wantInterrupts(true)
        if transmitting, transmitQueue.wantInterrupts(true) { waiting = true }
        if !waiting { slot.wait(past: seen) }
        if transmitting { _ = transmitQueue.wantInterrupts(false) }
        if device.needsReset { throw Failure("device-needs-reset") }
    }

    private func buffer(_ index: UInt32) -> UInt64 { receiveBuffers + UInt64(index) * UInt64(receiveBytes) }

    private func offer(_ index: UInt32) throws(Failure) {
        var request = Request()
        request.append(Segment(buffer(index), receiveBytes, deviceWrites: true))
        guard receiveQueue.add(request, token: index) else { throw Failure("receive-queue-full") }
    }

    /// Copies a buffer's data to the end of the frame and gives the buffer back.
    private func append(_ index: UInt32, _ bytes: Int, skipping: Int, to length: inout Int) throws(Failure) {
        guard bytes >= skipping, bytes <= receiveBytes, length + bytes <= 65536 else {
            throw Failure("received-length", seen: UInt64(bytes))
        }
        if let target = Physical.pointer(assembled + UInt64(length)),
            let source = Physical.pointer(buffer(index) + UInt64(skipping))
        {
            target.copyMemory(from: source, byteCount: bytes - skipping)
        }
        length += bytes - skipping
        try offer(index)
    }

    /// The rest of a frame is there with its beginning, or very soon.
    private func takePromptly() throws(Failure) -> (token: UInt32, bytes: UInt32)? {
        for _ in 0..<10_000_000 {
            if let next = try receiveQueue.take() { return next }
            hw_pause()
        }
        return nil
    }
}
