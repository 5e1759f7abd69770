// SPDX-License-Identifier: Apache-2.0

import Linux
import Storage
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A disk whose engine completes later")
struct BlockEngineTests {
    private func rig(depth: Int, log: ImageLog = ImageLog()) throws -> BlockRig<DeferringEngine> {
        try BlockRig(DeferringEngine(ModelEngine(BlockTests.pattern(512 * 100), log: log), depth: depth))
    }

    @Test("requests beyond the engine's depth wait for a completion", arguments: [1, 3, 8, 64])
    func depth(depth: Int) throws {
        let rig = try rig(depth: depth)
        var expected: [UInt16: Int] = [:]
        for i in 0..<20 {
            let at = BlockRig<DeferringEngine>.scratch + UInt64(i) * 0x1000
            expected[try rig.add(readable: rig.header(0, UInt64(i)), writable: 513, at: at).head] = i
        }
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        #expect(try rig.queue.takeUsed() == nil)
        var answered = 0
        while answered < 20 {
            rig.engine.pointee.work()
            rig.work.ready(token: 0, readiness: .readable)
            let before = answered
            while let used = try rig.queue.takeUsed() {
                let found = expected.removeValue(forKey: used.head)
                let index = try #require(found)
                let at = BlockRig<DeferringEngine>.scratch + UInt64(index) * 0x1000 + 16 + 3
                let data = try rig.memory.read(at: .init(at), count: 512)
                #expect(data == Array(BlockTests.pattern(512 * 100)[(index * 512)..<(index * 512 + 512)]))
                answered += 1
            }
            try #require(answered > before, "the work must go on")
        }
        #expect(rig.engine.pointee.mostInFlight == min(depth, 20))
    }

    @Test("quiescing ends everything in flight, ranges of one request included")
    func quiesce() throws {
        let rig = try rig(depth: 4)
        let three = rig.range(1, 2) + rig.range(40, 1) + rig.range(98, 2)
        _ = try rig.add(readable: rig.header(11, 0) + three, writable: 1)
        _ = try rig.add(readable: rig.header(0, 0), writable: 513, at: 0x20_0000)
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        rig.work.quiesce()
        #expect(try rig.queue.takeUsed() != nil)
        #expect(try rig.queue.takeUsed() != nil)
        #expect(rig.metrics.discards == 1 && rig.metrics.reads == 1)
        #expect(rig.work.positions() == [QueuePosition(queue: 0, nextAvailable: 2, nextUsed: 2)])
    }

    @Test("a failure in the background is the request's own, and the first one ends its ranges")
    func failure() throws {
        let log = ImageLog()
        let rig = try rig(depth: 4, log: log)
        _ = try rig.add(readable: rig.header(13, 0) + rig.range(1, 1) + rig.range(3, 1), writable: 1)
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        log.failure.store(5, ordering: .relaxed)
        rig.engine.pointee.work()
        rig.work.ready(token: 0, readiness: .readable)
        #expect(try rig.queue.takeUsed()?.written == 1)
        #expect(rig.metrics.failures == 1)
        log.failure.store(0, ordering: .relaxed)
        rig.engine.pointee.work()
        #expect(rig.engine.pointee.nextCompletion() == nil, "the second range was never submitted")
    }

    @Test("nothing a driver can put on the ring harms the device: 100,000 hostile requests", arguments: [1, 8])
    func hostile(depth: Int) throws {
        var rig = try rig(depth: depth)
        var random = SeededRandom(seed: 99 + UInt64(depth))
        var answered = 0, resets = 0
        for step in 0..<50_000 {
            if rig.port.resetRequests > 0 {
                resets += 1
                rig = try self.rig(depth: depth)
            }
            let base = BlockRig<DeferringEngine>.scratch + UInt64.random(in: 0...5000, using: &random)
            let type = UInt32.random(in: 0...14, using: &random)
            let sector = UInt64.random(in: 0...101, using: &random)
            var bytes = rig.header(type, Int.random(in: 0..<20, using: &random) == 0 ? random.next() : sector)
            if Bool.random(using: &random) {
                bytes += BlockTests.pattern(Int.random(in: 0...1100, using: &random), seed: random.next())
            } else {
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    bytes += rig.range(
                        UInt64.random(in: 0...101, using: &random), UInt32.random(in: 0...4, using: &random),
                        UInt32.random(in: 0...2, using: &random))
                }
            }
            bytes.removeLast(min(bytes.count, Int.random(in: 0..<8, using: &random) == 0 ? 7 : 0))
            let writable = Int.random(in: 0...1100, using: &random)
            let cuts = [Int.random(in: 1...600, using: &random)]
            // A chain may have no piece at all; then there is nothing to put on the ring.
            guard !bytes.isEmpty || writable > 0 else { continue }
            _ = try rig.add(readable: bytes, readCuts: cuts, writable: writable, writeCuts: cuts, at: base)
            if Int.random(in: 0..<50, using: &random) == 0 {
                // Now and then a descriptor that was never filled in honestly.
                try rig.queue.write(
                    DriverDescriptor(
                        address: random.next() >> UInt64.random(in: 0...50, using: &random),
                        length: UInt32(truncatingIfNeeded: random.next()) >> UInt32.random(in: 0...31, using: &random),
                        flags: UInt16.random(in: 0...7, using: &random), next: UInt16.random(in: 0...70, using: &random)
                    ),
                    index: Int.random(in: 0..<64, using: &random))
            }
            try rig.queue.publish()
            rig.work.kicked(queue: 0)
            rig.engine.pointee.work()
            rig.work.ready(token: 0, readiness: .readable)
            while rig.port.resetRequests == 0, try rig.queue.takeUsed() != nil { answered += 1 }
            if step % 1000 == 0 { rig.work.quiesce() }
        }
        #expect(answered > 10_000)
        #expect(resets > 10)
    }
}
