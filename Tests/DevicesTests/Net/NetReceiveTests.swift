// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("Frames to the guest")
struct NetReceiveTests {
    private func send(_ rig: NetRig, _ frame: [UInt8]) throws {
        try #require(try rig.wire.send(NetRig.header + frame))
    }

    @Test(
        "a frame arrives whole, however the driver cut its buffers",
        arguments: [
            [2048], [12, 2000], [5, 7, 2000], [11, 1, 100, 1900], [10, 2, 2000], Array(repeating: 20, count: 90),
        ])
    func layouts(lengths: [Int]) throws {
        for features in [0, NetRig.mergeable] {
            let rig = try NetRig(features: features)
            try rig.lend(lengths)
            try rig.kickReceive()
            try send(rig, NetRig.frame(1400))
            rig.work.ready(token: 0, readiness: .readable)
            let got = try #require(try rig.takeFrame())
            #expect(got.frame == NetRig.frame(1400))
            #expect(got.buffers == 1)
        }
    }

    @Test("a long frame fills as many mergeable buffers as it needs, and the rest serve the next one")
    func merges() throws {
        let rig = try NetRig(features: NetRig.mergeable | NetRig.segments)
        for _ in 0..<60 { try rig.lend([1536]) }
        try rig.kickReceive()
        for (i, count) in [60_000, 64, 1524, 1525, 9000].enumerated() {
            try send(rig, NetRig.frame(count, seed: UInt64(i)))
            rig.work.ready(token: 0, readiness: .readable)
            let got = try #require(try rig.takeFrame())
            #expect(got.frame == NetRig.frame(count, seed: UInt64(i)))
            #expect(got.buffers == (count + 12 + 1535) / 1536)
            for _ in 0..<got.buffers { try rig.lend([1536]) }
            try rig.kickReceive()
        }
        #expect(rig.metrics.snapshot.framesReceived == 5)
        #expect(rig.metrics.snapshot.receiveDrops == 0)
    }

    @Test("without buffers frames wait in the port, and the driver's kick fetches them")
    func waits() throws {
        let rig = try NetRig(features: NetRig.mergeable)
        try send(rig, NetRig.frame(100))
        rig.work.ready(token: 0, readiness: .readable)
        #expect(try rig.receive.takeUsed() == nil)
        #expect(try rig.receive.availableEvent() == 0, "the driver was asked to kick for its first buffer")
        try rig.lend([2048])
        try rig.kickReceive()
        #expect(try rig.takeFrame()?.frame == NetRig.frame(100))
    }

    @Test("a frame longer than all buffers at hand waits for more of them and loses nothing")
    func waitsForMore() throws {
        let rig = try NetRig(features: NetRig.mergeable | NetRig.segments)
        try rig.lend([1000])
        try rig.kickReceive()
        try send(rig, NetRig.frame(5000))
        try send(rig, NetRig.frame(70, seed: 2))
        rig.work.ready(token: 0, readiness: .readable)
        #expect(try rig.receive.takeUsed() == nil)
        for _ in 0..<2 {
            try rig.lend([1000, 700])
            try rig.kickReceive()
            #expect(try rig.receive.takeUsed() == nil)
        }
        try rig.lend([2000])
        try rig.lend([2000])
        try rig.kickReceive()
        let long = try #require(try rig.takeFrame())
        #expect(long.frame == NetRig.frame(5000) && long.buffers == 4)
        #expect(try rig.takeFrame()?.frame == NetRig.frame(70, seed: 2))
        #expect(rig.metrics.snapshot.receiveDrops == 0)
    }

    @Test("without mergeable buffers a frame that does not fit is dropped, and the next one has its buffer")
    func tooLong() throws {
        let rig = try NetRig(features: 0)
        try rig.lend([500])
        try rig.kickReceive()
        try send(rig, NetRig.frame(600))
        try send(rig, NetRig.frame(400, seed: 8))
        rig.work.ready(token: 0, readiness: .readable)
        #expect(try rig.takeFrame()?.frame == NetRig.frame(400, seed: 8))
        #expect(rig.metrics.snapshot.receiveDrops == 1)
    }

    @Test("a queue that can never hold a frame drops it and lives")
    func neverFits() throws {
        let rig = try NetRig(features: NetRig.mergeable | NetRig.segments, queueSize: 4)
        for _ in 0..<4 { try rig.lend([100]) }
        try rig.kickReceive()
        try send(rig, NetRig.frame(5000))
        try send(rig, NetRig.frame(60))
        rig.work.ready(token: 0, readiness: .readable)
        #expect(try rig.takeFrame()?.frame == NetRig.frame(60))
        #expect(rig.metrics.snapshot.receiveDrops == 1)
    }

    @Test("pausing gives unused buffers back, and resuming takes them again")
    func quiesce() throws {
        let rig = try NetRig(features: NetRig.mergeable | NetRig.segments)
        for _ in 0..<10 { try rig.lend([1536]) }
        try rig.kickReceive()
        try send(rig, NetRig.frame(3000))
        rig.work.ready(token: 0, readiness: .readable)
        rig.work.quiesce()
        #expect(
            rig.work.positions() == [
                QueuePosition(queue: 0, nextAvailable: 2, nextUsed: 2),
                QueuePosition(queue: 1, nextAvailable: 0, nextUsed: 0),
            ])
        #expect(try rig.takeFrame()?.frame == NetRig.frame(3000))
        try send(rig, NetRig.frame(200, seed: 4))
        rig.work.kicked(queue: 0)
        #expect(try rig.takeFrame()?.frame == NetRig.frame(200, seed: 4))
    }

    @Test("a chain without room and a broken ring are the driver's own trouble")
    func hostile() throws {
        let rig = try NetRig(features: NetRig.mergeable)
        _ = try rig.receive.add([.readable(0x30_0000, 100)])
        try rig.lend([2048])
        try rig.kickReceive()
        try send(rig, NetRig.frame(100))
        rig.work.ready(token: 0, readiness: .readable)
        #expect(try rig.receive.takeUsed()?.written == 0)
        #expect(try rig.takeFrame()?.frame == NetRig.frame(100))
        #expect(rig.metrics.snapshot.malformed == 1)
        try rig.receive.makeAvailable(50_000)
        try send(rig, NetRig.frame(100))
        try rig.kickReceive()
        #expect(rig.guest.resetRequests == 1)
        rig.work.ready(token: 0, readiness: .readable)
        #expect(rig.guest.resetRequests == 1)
    }

    @Test("every page a frame touches is marked dirty, and no other buffer's")
    func dirty() throws {
        let rig = try NetRig(features: NetRig.mergeable)
        for _ in 0..<4 { try rig.lend([4096]) }
        try rig.kickReceive()
        let bitmap = try #require(rig.memory.dirty)
        for word in 0..<256 { _ = bitmap.take(word: word) }
        try send(rig, NetRig.frame(1400))
        rig.work.ready(token: 0, readiness: .readable)
        let first = UInt64(0x20_0000) >> 12
        let bits = bitmap.take(word: Int(first >> 6))
        #expect(bits == 1 << (first & 63))
    }

    @Test("any mix of lengths and buffers brings every frame in order", arguments: [UInt64(1), 2, 3])
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let rig = try NetRig(features: NetRig.mergeable | NetRig.segments)
        var sent = 0, received = 0
        while received < 3000 {
            while Bool.random(using: &random), sent - received < 8 {
                let count = Int.random(in: 0..<10, using: &random) == 0 ? 20_000 : 1500
                let length = UInt64(Int.random(in: 14...count, using: &random))
                guard try rig.wire.send(NetRig.header + NetRig.frame(Int(length), seed: UInt64(sent))) else { break }
                sent += 1
            }
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                try rig.lend(
                    (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 12...2000, using: &random) })
            }
            if Bool.random(using: &random) {
                try rig.kickReceive()
            } else {
                rig.work.ready(token: 0, readiness: .readable)
            }
            if Int.random(in: 0..<40, using: &random) == 0, sent == received { rig.work.quiesce() }
            while let got = try rig.takeFrame() {
                #expect(got.frame == NetRig.frame(got.frame.count, seed: UInt64(received)))
                received += 1
            }
        }
        #expect(rig.metrics.snapshot.receiveDrops == 0)
    }

    @Test("receiving does not allocate once it runs")
    func noAllocation() throws {
        let rig = try NetRig(features: NetRig.mergeable | NetRig.segments)
        for round in 0..<4 {
            while try rig.lend([1536]) != nil {}
            try rig.receive.publish()
            for i in 0..<5 { try send(rig, NetRig.frame(i == 2 ? 9000 : 1400)) }
            let count = AllocationCount.during { rig.work.ready(token: 0, readiness: .readable) }
            for _ in 0..<5 { #expect(try rig.takeFrame() != nil) }
            if round > 0 { #expect(count == 0) }
        }
    }
}
