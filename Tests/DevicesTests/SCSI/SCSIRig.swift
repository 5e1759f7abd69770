// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Storage
import TestSupport
import Virtio

@testable import Devices

/// A request queue's work on the test's own thread, with a driver before it and one unit, number 0, behind it.
final class SCSIRig {
    let ram: GuestRAM
    var queue: DriverQueue
    let port = TestPort()
    let shared = SCSIShared()
    let lanes = SCSILanes()
    let parking = ParkingState<SCSIParkedRequest>()
    let cancelled = CancelledTasks()
    let unit: SCSIUnit
    let engine: EngineHandle?
    let features = SCSIFeature.offered | Feature.eventIndex | Feature.indirectDescriptors | Feature.version1
    var work: SCSIWork

    static let scratch: UInt64 = 0x10_0000

    init(
        _ engine: EngineHandle?, kind: SCSIKind = .disk, serial: String = "s-1", policy: FailurePolicy = .report,
        signals: (any DiskSignals)? = nil, blockBytes: Int? = nil, queueSize: UInt16 = 64,
        carrier: (any CommandCarrier)? = nil
    ) throws {
        ram = try GuestRAM(layout: RAMLayout(bytes: 64 << 20), tracksWrites: true)
        self.engine = engine
        let profile = DiskProfile(
            name: "disk", serial: serial, policy: policy, logicalBlockBytes: blockBytes, signals: signals)
        var image = engine?.properties
        image?.take(profile)
        unit = SCSIUnit(number: 0, kind: kind, profile: profile, queues: 1, image: image, carrier: carrier)
        lanes.replace(0, by: SCSILane(unit, queue: 0, engine: engine, segments: Int(queueSize)))
        shared.numbers.withLock { $0 = [0] }
        queue = try DriverQueue(memory: ram.memory, at: 0x1_0000, size: queueSize)
        let setup = queue.setup(index: SCSI.firstRequestQueue)
        let device = DeviceSetup(memory: ram.memory, features: features, queues: [setup], port: port)
        work = try SCSIWork(
            setup, of: device, lanes: lanes, shared: shared, parking: parking, cancelled: cancelled)
    }

    /// A disk over an image in memory.
    convenience init(
        _ bytes: [UInt8] = BlockTests.pattern(512 * 100), readOnly: Bool = false, kind: SCSIKind = .disk,
        canDiscard: Bool = true, log: ImageLog = ImageLog(), policy: FailurePolicy = .report,
        signals: (any DiskSignals)? = nil, blockBytes: Int? = nil
    ) throws {
        let image = ModelEngine(bytes, readOnly: readOnly, canDiscard: canDiscard, log: log)
        try self.init(
            EngineHandle.holding(image), kind: kind, policy: policy, signals: signals,
            blockBytes: blockBytes)
    }

    deinit { work.quiesce() }

    var memory: GuestMemory { ram.memory }
    var metrics: BlockMetrics.Snapshot { unit.metrics[0].snapshot }

    /// What a driver finds when its command has come back.
    struct Answer: Equatable, CustomStringConvertible {
        var response: UInt8 = 0
        var status: UInt8 = 0
        var sense: Sense = .none
        var residual: UInt32 = 0
        var data: [UInt8] = []
        var written: UInt32 = 0

        static func check(_ sense: Sense) -> Answer { Answer(status: 2, sense: sense) }
        /// Alike but for the numbers that go with it.
        func isLike(_ other: Answer) -> Bool {
            (response, status) == (other.response, other.status) && sense == other.sense
        }
        var description: String { "\(response)/\(status)/\(sense)/\(residual) \(data.count) bytes" }
    }

    /// The bytes before the data: an address, a name, and a command block.
    func header(_ block: [UInt8], unit: Int = 0, target: UInt8 = 0, id: UInt64 = 0xABCD) -> [UInt8] {
        let address: [UInt8] = [1, target, 0x40 | UInt8(unit >> 8), UInt8(unit & 0xFF), 0, 0, 0, 0]
        let name = (0..<8).map { UInt8(truncatingIfNeeded: id >> UInt64(8 * $0)) }
        let size = Int(shared.commandBytes.load(ordering: .relaxed))
        return address + name + [0, 0, 0] + Array((block + [UInt8](repeating: 0, count: size)).prefix(size))
    }

    var responseBytes: Int { 12 + Int(shared.senseBytes.load(ordering: .relaxed)) }

    /// Puts a command on the queue, every piece a descriptor of its own.
    func add(
        _ block: [UInt8], out: [UInt8] = [], room: Int = 0, at base: UInt64 = scratch, unit: Int = 0, target: UInt8 = 0,
        id: UInt64 = 0xABCD, cuts: Int? = nil
    ) throws -> (head: UInt16, writable: [DriverBuffer]) {
        var buffers: [DriverBuffer] = []
        var writable: [DriverBuffer] = []
        var address = base
        func put(_ bytes: [UInt8]) throws {
            for piece in pieces(bytes.count, cuts) {
                try memory.write(Array(bytes[piece]), at: GuestAddress(address))
                buffers.append(.readable(address, UInt32(piece.count)))
                address += UInt64(piece.count) + 3
            }
        }
        try put(header(block, unit: unit, target: target, id: id))
        try put(out)
        for count in [responseBytes, room] {
            for piece in pieces(count, cuts) {
                try memory.write([UInt8](repeating: 0xEE, count: piece.count), at: GuestAddress(address))
                writable.append(.writable(address, UInt32(piece.count)))
                address += UInt64(piece.count) + 5
            }
        }
        guard let head = try queue.add(buffers + writable) else {
            throw MemoryError.outOfBounds(GuestAddress(0), count: 0)
        }
        return (head, writable)
    }

    private func pieces(_ count: Int, _ cut: Int?) -> [Range<Int>] {
        guard count > 0 else { return [] }
        guard let cut, cut < count else { return [0..<count] }
        return [0..<cut, cut..<count]
    }

    func answer(_ buffers: [DriverBuffer], written: UInt32) throws -> Answer {
        let all = try buffers.flatMap { try memory.read(at: $0.address, count: Int($0.count)) }
        func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(all[at + $1]) << UInt32(8 * $1) } }
        var answer = Answer(response: all[11], status: all[10], residual: word(4), written: written)
        if word(0) > 0 { answer.sense = Sense(all[14], all[24], all[25]) }
        let moved = Int(written) - responseBytes
        answer.data = moved > 0 ? Array(all[responseBytes..<(responseBytes + moved)]) : []
        return answer
    }

    /// One command from beginning to end; nil when it was not answered.
    func run(
        _ block: [UInt8], out: [UInt8] = [], room: Int = 0, unit: Int = 0, target: UInt8 = 0, cuts: Int? = nil
    ) throws -> Answer? {
        let (head, buffers) = try add(block, out: out, room: room, unit: unit, target: target, cuts: cuts)
        try queue.publish()
        work.kicked(queue: SCSI.firstRequestQueue)
        guard let used = try queue.takeUsed(), used.head == head else { return nil }
        return try answer(buffers, written: used.written)
    }

    // MARK: Command blocks

    static func ten(_ code: UInt8, _ first: UInt32, _ blocks: UInt16, flags: UInt8 = 0) -> [UInt8] {
        [code, flags] + be(first) + [0] + be(blocks) + [0]
    }
    static func sixteen(_ code: UInt8, _ first: UInt64, _ blocks: UInt32, flags: UInt8 = 0) -> [UInt8] {
        [code, flags] + be(first) + be(blocks) + [0, 0]
    }
    static func be<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
