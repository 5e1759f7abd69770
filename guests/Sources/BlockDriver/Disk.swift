// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// One virtio-blk device and its requests. Every request has a slot: header, status byte and data buffer.
final class Disk {
    private static let vector: UInt8 = 0x50
    let device: VirtioDevice
    let features: UInt64
    let capacity: UInt64
    let blockBytes: Int
    let depth: Int
    let sleeps: Bool
    private let pciAccess: StaticString
    private let parts: Int
    private let queues: [Virtqueue]
    private let headers: UInt64
    private let buffers: UInt64
    private let completions: VectorSlot
    private var nextQueue = 0
    private(set) var completed: UInt64 = 0

    init(_ machine: Machine) throws(Failure) {
        let arguments = machine.arguments
        let pci = try PCI(machine)
        pciAccess = pci.name
        device = try VirtioDevice(
            try pci.find(vendor: 0x1AF4, device: 0x1042, index: Int(arguments.number("disk", 0))))
        var wanted = BlockFeatures.all
        if !arguments.has("indirect", "off") { wanted |= Features.indirect }
        if !arguments.has("eventidx", "off") { wanted |= Features.eventIndex }
        if arguments.has("ring", "packed") {
            wanted |= Features.packed
            guard device.offered & Features.packed != 0 else { throw Failure("no-packed-ring", seen: device.offered) }
        }
        features = try device.negotiate(wanted)
        capacity = UInt64(hw_load32(device.config)) | UInt64(hw_load32(device.config + 4)) << 32
        blockBytes = Int(arguments.number("bs", 4096)) & ~511
        depth = Int(arguments.number("depth", 16))
        parts = min(max(Int(arguments.number("parts", 1)), 1), 6)
        sleeps = !arguments.has("wait", "poll")
        let offeredQueues = features & BlockFeatures.multiqueue != 0 ? hw_load16(device.config + 34) : 1
        let count = min(UInt16(truncatingIfNeeded: max(arguments.number("queues", 1), 1)), offeredQueues)
        guard blockBytes >= 512, depth > 0, depth <= 1024 else { throw Failure("bad-depth-or-bs") }
        var queues: [Virtqueue] = []
        for index in 0..<count {
            queues.append(
                try device.queue(
                    index, size: 256, features: features, vector: Disk.vector, processor: machine.processorIDs[0]))
        }
        self.queues = queues
        let slots = depth * queues.count
        headers = try Physical.allocate(bytes: slots * 32)
        buffers = try Physical.allocate(bytes: slots * blockBytes)
        completions = machine.processor.slot(Disk.vector)
        device.start()
    }

    /// Sectors the device says it has by now.
    var sectorsNow: UInt64 {
        while true {
            let generation = device.generation
            let sectors = UInt64(hw_load32(device.config)) | UInt64(hw_load32(device.config + 4)) << 32
            if generation == device.generation { return sectors }
        }
    }

    var isReadOnly: Bool { features & BlockFeatures.readOnly != 0 }
    var interrupts: UInt64 { completions.count }
    var kicks: UInt64 { queues.reduce(0) { $0 + $1.kicks } }
    /// Slots over all queues.
    var slots: Int { depth * queues.count }

    /// The data buffer of a slot.
    func buffer(_ slot: Int) -> UInt64 { buffers + UInt64(slot * blockBytes) }
    /// The status byte of a slot.
    func status(_ slot: Int) -> UInt8 { hw_load8(headers + UInt64(slot) * 32 + 16) }

    /// Queues a request on the queue the slot belongs to; `bytes` of the slot's buffer are its data.
    /// - Throws: when the queue has no room, which `depth` rules out.
    func submit(_ slot: Int, _ command: UInt32, sector: UInt64, bytes: Int, deviceWrites: Bool) throws(Failure) {
        let header = headers + UInt64(slot) * 32
        hw_store32(header, command)
        hw_store32(header + 4, 0)
        hw_store64(header + 8, sector)
        hw_store8(header + 16, BlockStatus.untouched)
        var request = Request()
        request.append(Segment(header, 16))
        if bytes > 0 { request.append(buffer(slot), bytes, deviceWrites: deviceWrites, parts: parts) }
        request.append(Segment(header + 16, 1, deviceWrites: true))
        guard queues[slot / depth].add(request, token: UInt32(slot)) else {
            throw Failure("queue-full", seen: UInt64(slot))
        }
    }

    /// Shows the device everything submitted.
    func publish() {
        for queue in queues { queue.publish() }
    }

    /// The next finished slot and the bytes the device wrote, waiting for it.
    /// - Throws: when the device breaks the ring or gives up.
    func complete() throws(Failure) -> (slot: Int, bytes: UInt32) {
        while true {
            let seen = completions.count
            for _ in queues.indices {
                nextQueue = nextQueue + 1 == queues.count ? 0 : nextQueue + 1
                guard let (token, bytes) = try queues[nextQueue].take() else { continue }
                completed += 1
                return (Int(token), bytes)
            }
            if sleeps {
                var waiting = false
                for queue in queues where queue.wantInterrupts(true) { waiting = true }
                if !waiting { completions.wait(past: seen) }
                if device.needsReset { throw Failure("device-needs-reset") }
            } else {
                hw_pause()
            }
        }
    }

    /// One request by itself, in slot 0; gives its status.
    func perform(_ command: UInt32, sector: UInt64, bytes: Int, deviceWrites: Bool) throws(Failure) -> UInt8 {
        try submit(0, command, sector: sector, bytes: bytes, deviceWrites: deviceWrites)
        publish()
        let (slot, written) = try complete()
        guard slot == 0 else { throw Failure("wrong-slot", seen: UInt64(slot)) }
        // The used length counts from the first writable byte (virtio 1.2 §2.7.8.2): a device that wrote no data
        // before it failed has written no prefix.
        guard written >= 1 || status(0) != BlockStatus.ok else {
            throw Failure("status-not-counted", seen: UInt64(written), wanted: 1)
        }
        return status(0)
    }

    /// Prints what the device is.
    func describe() throws(Failure) {
        report("result") {
            $0.field("kind", "device")
            $0.field("pci", pciAccess)
            $0.hex("features", features)
            $0.field("sectors", capacity)
            $0.field("queues", queues.count)
            $0.field("queue_size", UInt64(queues[0].size))
            $0.field("vectors", device.vectors)
        }
        func number(_ offset: UInt64) -> UInt64 { UInt64(hw_load32(device.config + offset)) }
        report("result") {
            $0.field("kind", "limits")
            if features & BlockFeatures.segmentMax != 0 { $0.field("seg_max", number(12)) }
            if features & BlockFeatures.blockSize != 0 { $0.field("blk_size", number(20)) }
            if features & BlockFeatures.multiqueue != 0 {
                $0.field("num_queues", UInt64(hw_load16(device.config + 34)))
            }
            if features & BlockFeatures.discard != 0 {
                $0.field("max_discard_sectors", number(36))
                $0.field("discard_alignment", number(44))
            }
            if features & BlockFeatures.writeZeroes != 0 { $0.field("max_write_zeroes_sectors", number(48)) }
        }
        let status = try perform(BlockCommand.identify, sector: 0, bytes: 20, deviceWrites: true)
        var serial: [UInt8] = []
        for offset in 0..<UInt64(20) {
            let byte = hw_load8(buffer(0) + offset)
            if byte == 0 { break }
            serial.append(byte)
        }
        report("result") {
            $0.field("kind", "identity")
            $0.field("status", UInt64(status))
            $0.text("serial", serial)
        }
    }
}
