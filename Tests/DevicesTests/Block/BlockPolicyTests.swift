// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Record
import Storage
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("What becomes of a disk's request that the host failed")
struct BlockPolicyTests {
    typealias Rig = BlockRig<ModelEngine>
    private let log = ImageLog()
    private let stops = RecordedStops()

    private func rig(_ policy: FailurePolicy) throws -> Rig {
        try Rig(
            ModelEngine(BlockTests.pattern(512 * 100), log: log), policy: policy, signals: stops)
    }

    private func deferring(_ policy: FailurePolicy, depth: Int) throws -> BlockRig<DeferringEngine> {
        try BlockRig(
            DeferringEngine(ModelEngine(BlockTests.pattern(512 * 100), log: log), depth: depth), policy: policy,
            signals: stops)
    }

    private func fail(_ code: Int32) { log.failure.store(code, ordering: .relaxed) }

    @Test(
        "reported, ignored or kept, as the policy says",
        arguments: [
            (FailurePolicy.report, EIO, UInt8?(1)), (.report, ENOSPC, 1), (.ignore, EIO, 0), (.ignore, ENOSPC, 0),
            (.stop, EIO, nil), (.stop, ENOSPC, nil), (.noSpace, EIO, 1), (.noSpace, ENOSPC, nil),
            (.noSpace, EDQUOT, nil), (.stop, EOPNOTSUPP, 2), (.ignore, EOPNOTSUPP, 2),
        ])
    func verdicts(policy: FailurePolicy, code: Int32, status: UInt8?) throws {
        let rig = try rig(policy)
        fail(code)
        #expect(try rig.write(sector: 3, BlockTests.pattern(1024, seed: 2))?.status == status)
        #expect(stops.failures.map(\.error.code) == (status == nil ? [code] : []))
        #expect(rig.parking.count.load(ordering: .relaxed) == (status == nil ? 1 : 0))
        #expect(rig.parking.isNoSpaceOnly.load(ordering: .relaxed) == (code != EIO || status != nil))
        #expect(rig.metrics.failures == 1)
    }

    enum Kind: CaseIterable { case read, write, flush, discard, zeroes }

    @Test("a kept request is answered once, when the machine goes on and the host can", arguments: Kind.allCases)
    func retried(kind: Kind) throws {
        let rig = try rig(.stop)
        fail(ENOSPC)
        let data = BlockTests.pattern(512, seed: 5)
        var buffers: [DriverBuffer] = []
        switch kind {
        case .read: buffers = try rig.add(readable: rig.header(0, 7), writable: 513).writable
        case .write: buffers = try rig.add(readable: rig.header(1, 7) + data, writable: 1).writable
        case .flush: buffers = try rig.add(readable: rig.header(4, 0), writable: 1).writable
        case .discard: buffers = try rig.add(readable: rig.header(11, 0) + rig.range(7, 1), writable: 1).writable
        case .zeroes: buffers = try rig.add(readable: rig.header(13, 0) + rig.range(7, 1), writable: 1).writable
        }
        // One behind it waits for its turn.
        _ = try rig.add(readable: rig.header(0, 0), writable: 513, at: 0x20_0000)
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        // Neither kicks nor completions try again before the machine was paused.
        for _ in 0..<3 { rig.work.kicked(queue: 0) }
        rig.work.ready(token: 0, readiness: .readable)
        #expect(try rig.queue.takeUsed() == nil)
        #expect(stops.failures.count == 1)
        // Still no space: kept again, told again.
        rig.work.quiesce()
        rig.work.kicked(queue: 0)
        #expect(try rig.queue.takeUsed() == nil)
        #expect(stops.failures.count == 2)
        rig.work.quiesce()
        fail(0)
        rig.work.kicked(queue: 0)
        #expect(try rig.queue.takeUsed() != nil && rig.queue.takeUsed() != nil)
        #expect(try rig.queue.takeUsed() == nil)
        #expect(try rig.read(buffers).last == 0)
        #expect(rig.parking.count.load(ordering: .relaxed) == 0)
        let now = try #require(try rig.read(sector: 7, bytes: 512)?.data)
        switch kind {
        case .read, .flush: #expect(now == Array(BlockTests.pattern(512 * 100)[(7 * 512)..<(8 * 512)]))
        case .write: #expect(now == data)
        case .discard, .zeroes: #expect(now == [UInt8](repeating: 0, count: 512))
        }
    }

    @Test("of several ranges those that are left are carried out", arguments: [FailurePolicy.stop, .ignore])
    func ranges(policy: FailurePolicy) throws {
        let rig = try deferring(policy, depth: 4)
        let three = rig.range(1, 1) + rig.range(3, 1) + rig.range(5, 1)
        _ = try rig.add(readable: rig.header(13, 0) + three, writable: 1)
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        fail(ENOSPC)
        rig.engine.pointee.work()
        fail(0)
        rig.work.ready(token: 0, readiness: .readable)
        if policy == .stop {
            #expect(stops.failures.count == 1)
            rig.work.quiesce()
            rig.work.kicked(queue: 0)
        }
        rig.work.quiesce()
        #expect(try rig.queue.takeUsed()?.written == 1)
        #expect(rig.metrics.zeroings == 1)
    }

    @Test("everything in flight may fail; all of it is kept and tried again", arguments: [1, 4, 8])
    func many(depth: Int) throws {
        let rig = try deferring(.stop, depth: depth)
        for i in 0..<12 {
            _ = try rig.add(
                readable: rig.header(1, UInt64(i)) + BlockTests.pattern(512, seed: UInt64(i)), writable: 1,
                at: 0x10_0000 + UInt64(i) * 0x1000)
        }
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        fail(EIO)
        rig.engine.pointee.work()
        rig.work.ready(token: 0, readiness: .readable)
        rig.work.quiesce()
        #expect(rig.parking.count.load(ordering: .relaxed) == depth)
        #expect(stops.failures.count == 1, "a machine is stopped once")
        #expect(rig.work.positions().first?.nextUsed == 0)
        fail(0)
        rig.work.kicked(queue: 0)
        for _ in 0..<12 {
            rig.engine.pointee.work()
            rig.work.ready(token: 0, readiness: .readable)
        }
        var answered = 0
        while try rig.queue.takeUsed() != nil { answered += 1 }
        #expect(answered == 12)
        #expect(rig.metrics.writes == 12)
    }

    @Test("kept requests travel with the state and are carried out on the other side, with fewer slots too")
    func travels() throws {
        let rig = try deferring(.stop, depth: 4)
        for i in 0..<4 {
            _ = try rig.add(
                readable: i == 3
                    ? rig.header(13, 0) + rig.range(60, 1) + rig.range(62, 1)
                    : rig.header(1, UInt64(i)) + BlockTests.pattern(512, seed: UInt64(i)),
                writable: 1, at: 0x10_0000 + UInt64(i) * 0x1000)
        }
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        fail(ENOSPC)
        rig.engine.pointee.work()
        rig.work.ready(token: 0, readiness: .readable)
        rig.work.quiesce()
        let parked = rig.parking.requests.withLock { $0 }
        #expect(parked.count == 4)
        let state = BlockState(capacity: 512 * 100, writeCache: true, parked: parked)
        let arrived = try Record.decode(BlockState.self, Record.encode(state))
        #expect(arrived == state)
        // The same guest memory, another disk's thread with another engine.
        fail(0)
        let position = try #require(rig.work.positions().first)
        let engine = UnsafeMutablePointer<DeferringEngine>.allocate(capacity: 1)
        engine.initialize(to: try DeferringEngine(ModelEngine(BlockTests.pattern(512 * 100)), depth: 2))
        defer {
            engine.deinitialize(count: 1)
            engine.deallocate()
        }
        let parking = ParkingState<ParkedRequest>()
        parking.requests.withLock { $0 = arrived.parked }
        var setup = rig.queue.setup()
        setup.nextAvailable = position.nextAvailable
        setup.nextUsed = position.nextUsed
        let device = DeviceSetup(memory: rig.memory, features: rig.features, queues: [setup], port: rig.port)
        var work = try BlockWork(
            setup, of: device, engine: engine, shared: rig.shared, metrics: BlockMetrics(), parking: parking)
        work.kicked(queue: 0)
        for _ in 0..<8 {
            engine.pointee.work()
            work.ready(token: 0, readiness: .readable)
        }
        work.quiesce()
        var answered = 0
        while try rig.queue.takeUsed() != nil { answered += 1 }
        #expect(answered == 4)
        #expect(parking.count.load(ordering: .relaxed) == 0)
    }

    @Test("a state that is not of this disk or guest harms nobody: each such request fails by itself")
    func hostileState() throws {
        let rig = try deferring(.report, depth: 2)
        var requests: [ParkedRequest] = []
        for type in [UInt32(0), 1, 4, 8, 11, 13, 99] {
            for (address, length) in [(UInt64.max, UInt64.max), (0x10_0000, 100), (0, 1 << 40), (0x20_0000, 512)] {
                for status in [UInt64(0x30_0000), .max] {
                    var request = ParkedRequest(
                        queue: 0, token: UInt64.max, error: 28, type: type, offset: .max - 511, status: status)
                    request.addresses = [address]
                    request.lengths = [length]
                    request.ranges = type > 8 ? [.max, .max, .max] : []
                    requests.append(request)
                }
            }
        }
        let parking = ParkingState<ParkedRequest>()
        parking.requests.withLock { $0 = requests }
        let setup = rig.queue.setup()
        let device = DeviceSetup(memory: rig.memory, features: rig.features, queues: [setup], port: rig.port)
        var work = try BlockWork(
            setup, of: device, engine: rig.engine, shared: rig.shared, metrics: rig.blockMetrics, parking: parking)
        for _ in 0...requests.count {
            work.kicked(queue: 0)
            rig.engine.pointee.work()
            work.ready(token: 0, readiness: .readable)
        }
        work.quiesce()
        #expect(parking.count.load(ordering: .relaxed) == 0)
        #expect(rig.metrics.reads == 0 && rig.metrics.writes == 0)
    }
}
