// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Storage
import TestSupport
import Virtio

@testable import Devices

/// A disk's work on the test's own thread, with a driver before it: nothing happens but when the test says so.
final class BlockRig<Engine: BlockEngine & ~Copyable> {
    let ram: GuestRAM
    var queue: DriverQueue
    let port = TestPort()
    let shared: BlockShared
    let blockMetrics = BlockMetrics()
    let parking = ParkingState<ParkedRequest>()
    let engine: UnsafeMutablePointer<Engine>
    let features: UInt64
    var work: BlockWork<Engine>

    /// Where tests put headers, data and status bytes.
    static var scratch: UInt64 { 0x10_0000 }

    init(
        _ engine: consuming Engine, features: UInt64? = nil, transport: UInt64 = Feature.eventIndex,
        queueSize: UInt16 = 64, serial: String = "apus-serial", policy: FailurePolicy = .report,
        signals: (any DiskSignals)? = nil
    ) throws {
        let offered = BlockFeature.offered(for: engine.properties)
        self.features = (features ?? offered) | transport | Feature.indirectDescriptors | Feature.version1
        ram = try GuestRAM(layout: RAMLayout(bytes: 64 << 20), tracksWrites: true)
        shared = BlockShared(
            capacity: engine.properties.capacity,
            profile: DiskProfile(name: "disk", serial: serial, policy: policy, signals: signals))
        self.engine = .allocate(capacity: 1)
        self.engine.initialize(to: engine)
        queue = try DriverQueue(memory: ram.memory, at: 0x1_0000, size: queueSize)
        let setup = queue.setup()
        let device = DeviceSetup(memory: ram.memory, features: self.features, queues: [setup], port: port)
        work = try BlockWork(
            setup, of: device, engine: self.engine, shared: shared, metrics: blockMetrics, parking: parking)
    }

    deinit {
        work.quiesce()
        engine.deinitialize(count: 1)
        engine.deallocate()
    }

    var memory: GuestMemory { ram.memory }
    var metrics: BlockMetrics.Snapshot { blockMetrics.snapshot }

    /// What a driver finds when its request has come back.
    struct Answer: Equatable {
        var status: UInt8
        var written: UInt32
        var data: [UInt8]
    }

    func header(_ type: UInt32, _ sector: UInt64) -> [UInt8] {
        bytes(of: type) + bytes(of: UInt32(0)) + bytes(of: sector)
    }

    func range(_ sector: UInt64, _ count: UInt32, _ flags: UInt32 = 0) -> [UInt8] {
        bytes(of: sector) + bytes(of: count) + bytes(of: flags)
    }

    private func bytes<T: FixedWidthInteger>(of value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Puts a request on the queue: `readable` bytes cut at `readCuts`, `writable` bytes (status included) cut at
    /// `writeCuts`; every piece is a descriptor at an address of its own.
    func add(
        readable: [UInt8], readCuts: [Int] = [], writable: Int, writeCuts: [Int] = [], at base: UInt64 = scratch,
        indirect: UInt64? = nil
    ) throws -> (head: UInt16, writable: [DriverBuffer]) {
        var buffers: [DriverBuffer] = []
        var answer: [DriverBuffer] = []
        var address = base
        for piece in pieces(readable.count, readCuts) {
            try memory.write(Array(readable[piece]), at: GuestAddress(address))
            buffers.append(.readable(address, UInt32(piece.count)))
            address += UInt64(piece.count) + 3
        }
        for piece in pieces(writable, writeCuts) {
            try memory.write([UInt8](repeating: 0xEE, count: piece.count), at: GuestAddress(address))
            answer.append(.writable(address, UInt32(piece.count)))
            address += UInt64(piece.count) + 5
        }
        guard let head = try queue.add(buffers + answer, indirect: indirect) else {
            throw MemoryError.outOfBounds(GuestAddress(0), count: 0)
        }
        return (head, answer)
    }

    private func pieces(_ count: Int, _ cuts: [Int]) -> [Range<Int>] {
        let edges = [0] + cuts.filter { $0 > 0 && $0 < count } + [count]
        return zip(edges, edges.dropFirst()).map { $0..<$1 }.filter { !$0.isEmpty }
    }

    /// What the writable pieces hold.
    func read(_ buffers: [DriverBuffer]) throws -> [UInt8] {
        try buffers.flatMap { try memory.read(at: $0.address, count: Int($0.count)) }
    }

    /// One request from beginning to end.
    func request(
        _ readable: [UInt8], readCuts: [Int] = [], writable: Int = 1, writeCuts: [Int] = [], indirect: UInt64? = nil
    ) throws -> Answer? {
        let (head, buffers) = try add(
            readable: readable, readCuts: readCuts, writable: writable, writeCuts: writeCuts, indirect: indirect)
        try queue.publish()
        work.kicked(queue: 0)
        guard let used = try queue.takeUsed(), used.head == head else { return nil }
        let all = try read(buffers)
        return Answer(status: all.last ?? 0xEE, written: used.written, data: Array(all.dropLast()))
    }

    func read(sector: UInt64, bytes: Int) throws -> Answer? { try request(header(0, sector), writable: bytes + 1) }
    func write(sector: UInt64, _ data: [UInt8]) throws -> Answer? { try request(header(1, sector) + data) }
}
