// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Record
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("The balloon")
struct BalloonTests {
    private static let all = BalloonFeature.statistics | BalloonFeature.deflateOnOOM | BalloonFeature.pageReporting

    private func start(
        _ device: Balloon, features: UInt64 = all, layout: RingLayout = .split
    ) throws -> WorkerRig {
        let rig = try WorkerRig(queues: 5, layout: layout)
        device.start(rig.setup(features: features | Feature.eventIndex))
        return rig
    }

    /// Sends page numbers as a driver does.
    private func send(_ rig: WorkerRig, _ queue: Int, _ pages: [UInt32]) throws {
        let bytes = pages.flatMap { page in (0..<4).map { UInt8(truncatingIfNeeded: page >> UInt32(8 * $0)) } }
        try rig.memory.write(bytes, at: GuestAddress(0x10_0000))
        _ = try rig.queues[queue].add([.readable(0x10_0000, UInt32(bytes.count))])
        try rig.kick(queue)
        #expect(try rig.used(queue)?.written == 0)
    }

    /// Fills a page with a pattern, or says whether it still has it.
    private func fill(_ rig: WorkerRig, _ page: UInt64) throws {
        try rig.memory.write([UInt8](repeating: 0x5A, count: 4096), at: GuestAddress(page << 12))
    }

    private func byte(_ rig: WorkerRig, _ page: UInt64) throws -> UInt8 {
        let bytes = try rig.memory.read(at: GuestAddress(page << 12), count: 4096)
        return Set(bytes).count == 1 ? bytes[0] : 0xFF
    }

    @Test("pages put into the balloon are given back to the host, and none beside them", arguments: RingLayout.allCases)
    func inflate(layout: RingLayout) throws {
        let device = try Balloon()
        let rig = try start(device, layout: layout)
        for page: UInt64 in 0x1000..<0x1010 { try fill(rig, page) }
        try send(rig, 0, [0x1001, 0x1002, 0x1003, 0x100E, 0x1008, 0x1007])
        let given: Set<UInt64> = [0x1001, 0x1002, 0x1003, 0x1007, 0x1008, 0x100E]
        for page: UInt64 in 0x1000..<0x1010 { #expect(try byte(rig, page) == (given.contains(page) ? 0 : 0x5A)) }
        try send(rig, 1, [0x1001, 0x1002])
        try fill(rig, 0x1001)
        #expect(try byte(rig, 0x1001) == 0x5A, "a page that came back holds what is written to it")
        let done = device.metrics.snapshot
        #expect(done.inflated == 6 && done.deflated == 2 && done.discardedBytes == 6 * 4096 && done.refusals == 0)
        device.stop()
    }

    @Test("pages that are no RAM are counted and nothing happens, whatever run they are part of")
    func notRAM() throws {
        let device = try Balloon()
        let rig = try start(device)
        try fill(rig, 0x3FFF)
        // RAM ends with page 0x3FFF.
        try send(rig, 0, [0x3FFE, 0x3FFF, 0x4000, 0x4001, .max, .max - 1, 0xB_0000, 0x10_0000])
        #expect(try byte(rig, 0x3FFF) == 0)
        #expect(device.metrics.snapshot.inflated == 2 && device.metrics.snapshot.refusals == 6)
        #expect(rig.port.resetRequests == 0)
        device.stop()
    }

    @Test("memory whose pages are reserved is counted in the balloon and stays")
    func reserved() throws {
        let device = try Balloon(discards: false)
        #expect(device.offeredFeatures & BalloonFeature.pageReporting == 0)
        let rig = try start(device, features: BalloonFeature.statistics)
        try fill(rig, 0x1001)
        try send(rig, 0, [0x1001])
        #expect(try byte(rig, 0x1001) == 0x5A)
        #expect(device.metrics.snapshot.inflated == 1 && device.metrics.snapshot.discardedBytes == 0)
        device.stop()
    }

    @Test(
        "reported ranges are given back where they are whole pages, on the queue that Linux or the specification means",
        arguments: [(2, BalloonFeature.pageReporting), (3, all), (4, all)])
    func reporting(queue: Int, features: UInt64) throws {
        let device = try Balloon()
        let rig = try start(device, features: features)
        for page: UInt64 in 0x1000..<0x1008 { try fill(rig, page) }
        _ = try rig.queues[queue].add([
            .writable(0x100_0800, 0x1900), .writable(0x100_4000, 0x2000), .writable(0x100_7000, 0x800),
        ])
        try rig.kick(queue)
        #expect(try rig.used(queue)?.written == 0)
        let expected: [UInt8] = [0x5A, 0, 0x5A, 0x5A, 0, 0, 0x5A, 0x5A]
        for (page, byte) in expected.enumerated() {
            let found = try self.byte(rig, 0x1000 + UInt64(page))
            #expect(found == byte, "page \(page)")
        }
        #expect(device.metrics.snapshot.reportedBytes == 3 * 4096 && device.metrics.snapshot.refusals == 1)
        device.stop()
    }

    private func statistics(_ rig: WorkerRig, _ entries: [(UInt16, UInt64)]) throws {
        var bytes: [UInt8] = []
        for (tag, value) in entries {
            bytes += (0..<2).map { UInt8(truncatingIfNeeded: tag >> UInt16(8 * $0)) }
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        }
        try rig.memory.write(bytes, at: GuestAddress(0x12_0001))
        _ = try rig.queues[2].add([.readable(0x12_0001, UInt32(bytes.count))])
        try rig.kick(2)
    }

    @Test("statistics are asked for again and again, and the last ones are shown", arguments: RingLayout.allCases)
    func statistics(layout: RingLayout) throws {
        let device = try Balloon(statisticsPeriod: 1_000_000)
        let rig = try start(device, layout: layout)
        for round: UInt64 in 1...5 {
            try statistics(rig, [(5, 1 << 30), (4, round << 20), (6, round << 21), (99, 7), (9, round)])
            #expect(try rig.used(2)?.written == 0, "the buffer comes back when new ones are wanted")
            let told = device.statistics
            #expect(told[.total] == 1 << 30 && told[.free] == round << 20 && told[.available] == round << 21)
            #expect(told[.hugePageFailures] == round && told[.swapIn] == nil)
        }
        #expect(device.metrics.snapshot.statistics == 5)
        device.stop()
        #expect(device.statistics == BalloonStatistics())
    }

    @Test(
        "a statistics buffer that is held is in the ring again while the device is paused, and is read anew",
        arguments: RingLayout.allCases)
    func heldBuffer(layout: RingLayout) throws {
        let device = try Balloon(statisticsPeriod: 0)
        let rig = try start(device, layout: layout)
        try statistics(rig, [(4, 1)])
        while device.metrics.snapshot.statistics == 0 { sched_yield() }
        device.pause()
        let position = try #require(device.queuePositions().first { $0.queue == 2 })
        #expect(position.nextAvailable == position.nextUsed)
        device.resume()
        while device.metrics.snapshot.statistics < 2 { sched_yield() }
        #expect(device.statistics[.free] == 1)
        device.stop()
    }

    @Test("a target is shown to the driver by a configuration change, once, and outlives a reset")
    func target() throws {
        let device = try Balloon()
        #expect(device.kind == .balloon)
        device.setTarget(pages: 100)
        let rig = try start(device)
        #expect(device.readConfiguration(at: 0, size: 4) == 100)
        device.setTarget(pages: 0x2000)
        device.setTarget(pages: 0x2000)
        #expect(rig.port.configurationChanges == 1)
        #expect(device.readConfiguration(at: 0, size: 8) == 0x2000)
        device.writeConfiguration(at: 4, size: 4, value: 0x1234)
        device.writeConfiguration(at: 0, size: 4, value: 1)
        device.writeConfiguration(at: 4, size: 8, value: 1)
        device.writeConfiguration(at: .max, size: 4, value: 1)
        #expect(device.actualPages == 0x1234 && device.wantedPages == 0x2000)
        let state = try Record.decode(BalloonState.self, Record.encode(device.state))
        device.stop()
        #expect(
            device.actualPages == 0 && device.wantedPages == 0x2000, "the guest that starts anew has all its memory")
        let other = try Balloon()
        other.restore(state)
        #expect(other.state == BalloonState(wanted: 0x2000, actual: 0x1234))
    }

    @Test("buffers that make no sense come back and harm nothing")
    func nonsense() throws {
        let device = try Balloon(statisticsPeriod: 1_000_000)
        let rig = try start(device)
        for queue in [0, 1] {
            _ = try rig.queues[queue].add([.writable(0x20_0000, 64)])
            _ = try rig.queues[queue].add([.readable(0x20_0000, 3)])
            try rig.kick(queue)
            #expect(try rig.used(queue) != nil)
            #expect(try rig.used(queue) != nil)
        }
        _ = try rig.queues[3].add([.readable(0x20_0000, 4096)])
        try rig.kick(3)
        #expect(try rig.used(3) != nil)
        // Four mebibytes of page numbers: only the first are looked at.
        try rig.memory.clear(at: GuestAddress(0x100_0000), count: 4 << 20)
        for i in 0..<4096 {
            try rig.memory.write(UInt32(0x3000).littleEndian, at: GuestAddress(0x100_0000 + 4 * UInt64(i)))
        }
        _ = try rig.queues[0].add([.readable(0x100_0000, 4 << 20)])
        try rig.kick(0)
        #expect(try rig.used(0) != nil)
        #expect(device.metrics.snapshot.inflated == 4096)
        try statistics(rig, [(4, 1)])
        _ = try rig.queues[2].add([.writable(0x20_0000, 100)])
        try rig.kick(2)
        #expect(try rig.used(2) != nil)
        #expect(try rig.used(2) != nil)
        #expect(rig.port.resetRequests == 0)
        device.stop()
    }

    @Test("a broken ring asks for a reset and leaves the other queues alone")
    func broken() throws {
        let device = try Balloon()
        let rig = try start(device)
        try rig.queues[0].makeAvailable(12_345)
        try rig.kick(0)
        // A pause may be seen before the bell.
        while rig.port.resetRequests == 0 { Pause.briefly() }
        device.pause()
        #expect(rig.port.resetRequests == 1)
        device.resume()
        try send(rig, 1, [1])
        device.stop()
    }

    @Test("a driver that puts everything into the balloon, its own rings included, meets zeros and nothing else")
    func everything() throws {
        let device = try Balloon()
        let rig = try start(device)
        for first in stride(from: UInt32(0), to: 0x4000, by: 1024) {
            let bytes = (first..<first + 1024).flatMap { page in
                (0..<4).map { UInt8(truncatingIfNeeded: page >> UInt32(8 * $0)) }
            }
            try rig.memory.write(bytes, at: GuestAddress(0x10_0000))
            _ = try rig.queues[0].add([.readable(0x10_0000, 4096)])
            try rig.kick(0)
        }
        while device.metrics.snapshot.inflated == 0 { Pause.briefly() }
        device.pause()
        device.resume()
        device.stop()
        #expect(device.metrics.snapshot.inflated > 0)
    }
}
