// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Network
import TestSupport
import Virtio

@testable import Devices

/// A card's work on the test's own thread, with a driver before it and a wire behind it.
final class NetRig {
    let ram: GuestRAM
    let guest = TestPort()
    let wire: Wire
    let shared: NetShared
    var receive: DriverQueue
    var transmit: DriverQueue
    var control: DriverQueue
    let pair: NetPair<SocketPort>
    var work: NetWork<SocketPort>
    /// Buffers lent to the receive queue, by head.
    var lent: [UInt16: [DriverBuffer]] = [:]
    private var nextBuffer: UInt64 = 0x20_0000

    static var mergeable: UInt64 { NetFeature.mergeable }
    static var segments: UInt64 { NetFeature.guestChecksum | NetFeature.guestTCP4 }

    init(
        features: UInt64, transport: UInt64 = Feature.eventIndex, queueSize: UInt16 = 128, mtu: UInt16? = 1500,
        receiving: FrameRate? = nil, sending: FrameRate? = nil
    ) throws {
        wire = try Wire()
        pair = try NetPair(try wire.port(mtu: mtu))
        shared = NetShared(
            NetState(mac: MACAddress(rawValue: 0x02_0000_0000_AA), isUp: true), receiving: receiving, sending: sending)
        ram = try GuestRAM(layout: RAMLayout(bytes: 64 << 20), tracksWrites: true)
        receive = try DriverQueue(memory: ram.memory, at: 0x1_0000, size: queueSize)
        transmit = try DriverQueue(memory: ram.memory, at: 0x2_0000, size: queueSize)
        control = try DriverQueue(memory: ram.memory, at: 0x3_0000, size: 16)
        let all = features | transport | Feature.version1 | Feature.indirectDescriptors
        var queues = [receive.setup(index: 0), transmit.setup(index: 1)]
        if features & NetFeature.control != 0 { queues.append(control.setup(index: 2)) }
        let setup = DeviceSetup(memory: ram.memory, features: all, queues: queues, port: guest)
        work = try NetWork(setup, index: 0, pairs: [pair], shared: shared)
    }

    deinit { work.quiesce() }

    var metrics: NetMetrics { pair.metrics }

    var memory: GuestMemory { ram.memory }

    /// Lends a chain of buffers of these lengths to the device; published by the next `kickReceive`.
    @discardableResult
    func lend(_ lengths: [Int]) throws -> UInt16? {
        var buffers: [DriverBuffer] = []
        for length in lengths {
            if nextBuffer + UInt64(length) > 60 << 20 { nextBuffer = 0x20_0000 }
            buffers.append(.writable(nextBuffer, UInt32(length)))
            nextBuffer += UInt64(length) + 7
        }
        guard let head = try receive.add(buffers) else { return nil }
        lent[head] = buffers
        return head
    }

    func kickReceive() throws {
        try receive.publish()
        work.kicked(queue: 0)
    }

    /// The next received frame with its header, put together from as many buffers as the header says.
    func takeFrame() throws -> (header: [UInt8], frame: [UInt8], buffers: Int)? {
        guard var all = try takeBuffer() else { return nil }
        let count = Int(all[10]) | Int(all[11]) << 8
        for _ in 1..<max(count, 1) {
            guard let more = try takeBuffer() else { return nil }
            all += more
        }
        return (Array(all[..<12]), Array(all[12...]), count)
    }

    private func takeBuffer() throws -> [UInt8]? {
        guard let used = try receive.takeUsed(), let buffers = lent.removeValue(forKey: used.head) else { return nil }
        let all = try buffers.flatMap { try memory.read(at: $0.address, count: Int($0.count)) }
        return Array(all.prefix(Int(used.written)))
    }

    /// Queues a frame, cut into descriptors at these places.
    @discardableResult
    func add(_ bytes: [UInt8], cuts: [Int] = [], at base: UInt64 = 0x10_0000) throws -> UInt16? {
        var buffers: [DriverBuffer] = []
        var address = base
        let edges = [0] + cuts.filter { $0 > 0 && $0 < bytes.count } + [bytes.count]
        for (from, to) in zip(edges, edges.dropFirst()) where to > from {
            try memory.write(Array(bytes[from..<to]), at: GuestAddress(address))
            buffers.append(.readable(address, UInt32(to - from)))
            address += UInt64(to - from) + 5
        }
        return try transmit.add(buffers)
    }

    /// Sends a command to the control queue; its answer, or nil when it came back without one.
    func command(_ bytes: [UInt8], room: UInt32 = 1) throws -> UInt8? {
        try memory.write(bytes, at: GuestAddress(0x4_0000))
        try memory.write([0x77], at: GuestAddress(0x5_4000))
        var buffers: [DriverBuffer] = bytes.isEmpty ? [] : [.readable(0x4_0000, UInt32(bytes.count))]
        if room > 0 { buffers.append(.writable(0x5_4000, room)) }
        _ = try control.add(buffers)
        try control.publish()
        work.kicked(queue: 2)
        guard let used = try control.takeUsed(), used.written == 1 else { return nil }
        return try memory.read(at: GuestAddress(0x5_4000), count: 1).first
    }

    func kickTransmit() throws {
        try transmit.publish()
        work.kicked(queue: 1)
    }

    static func frame(_ count: Int, seed: UInt64 = 5) -> [UInt8] { BlockTests.pattern(count, seed: seed) }
    static let header = [UInt8](repeating: 0, count: 12)
}
