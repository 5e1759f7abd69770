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
    let metrics = NetMetrics()
    var receive: DriverQueue
    var transmit: DriverQueue
    private let port: UnsafeMutablePointer<SocketPort>
    var work: NetWork<SocketPort>
    /// Buffers lent to the receive queue, by head.
    var lent: [UInt16: [DriverBuffer]] = [:]
    private var nextBuffer: UInt64 = 0x20_0000

    static var mergeable: UInt64 { NetFeature.mergeable }
    static var segments: UInt64 { NetFeature.guestChecksum | NetFeature.guestTCP4 }

    init(features: UInt64, transport: UInt64 = Feature.eventIndex, queueSize: UInt16 = 128, mtu: UInt16? = 1500) throws
    {
        wire = try Wire()
        port = .allocate(capacity: 1)
        port.initialize(to: try wire.port(mtu: mtu))
        ram = try GuestRAM(layout: RAMLayout(bytes: 64 << 20), tracksWrites: true)
        receive = try DriverQueue(memory: ram.memory, at: 0x1_0000, size: queueSize)
        transmit = try DriverQueue(memory: ram.memory, at: 0x2_0000, size: queueSize)
        let all = features | transport | Feature.version1 | Feature.indirectDescriptors
        let setup = DeviceSetup(
            memory: ram.memory, features: all, queues: [receive.setup(index: 0), transmit.setup(index: 1)], port: guest)
        work = try NetWork(setup, port: UnsafePointer(self.port), metrics: metrics)
    }

    deinit {
        work.quiesce()
        port.deinitialize(count: 1)
        port.deallocate()
    }

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

    func kickTransmit() throws {
        try transmit.publish()
        work.kicked(queue: 1)
    }

    static func frame(_ count: Int, seed: UInt64 = 5) -> [UInt8] { BlockTests.pattern(count, seed: seed) }
    static let header = [UInt8](repeating: 0, count: 12)
}
