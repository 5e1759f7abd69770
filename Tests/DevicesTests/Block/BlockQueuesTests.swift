// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Storage
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A disk with several queues")
struct BlockQueuesTests {
    private let log = ImageLog()
    private let stops = RecordedStops()

    /// Each queue's engine has an image of its own, so that it shows who served a request.
    private func disk(queues: Int, policy: FailurePolicy = .report) throws -> Block<ModelEngine> {
        try Block(
            queues: queues, profile: DiskProfile(name: "d", policy: policy, signals: stops), thread: "disk"
        ) { queue in
            ModelEngine([UInt8](repeating: UInt8(truncatingIfNeeded: queue + 1), count: 512 * 8), log: log)
        }
    }

    private func read(_ rig: WorkerRig, _ queue: Int, status: UInt8 = 0) throws -> UInt8? {
        let base = UInt64(0x10_0000 * (queue + 1))
        try rig.memory.write([UInt8](repeating: 0, count: 16), at: GuestAddress(base))
        _ = try rig.queues[queue].add([.readable(base, 16), .writable(base + 0x1000, 512), .writable(base + 0x2000, 1)])
        try rig.kick(queue)
        guard try rig.used(queue) != nil else { return nil }
        let byte: UInt8 = try rig.memory.read(at: GuestAddress(base + 0x1000))
        return byte
    }

    @Test("offers as many as it has, and one is not called many", arguments: [1, 2, 4, 256])
    func offer(count: Int) throws {
        let disk = try disk(queues: count)
        #expect(disk.queueSizes.count == count)
        #expect(disk.readConfiguration(at: 34, size: 2) == UInt64(count))
        #expect((disk.offeredFeatures & 1 << 12 != 0) == (count > 1))
    }

    @Test("each queue is served by its own thread and engine; the metrics are of all", arguments: [1, 2, 4])
    func served(count: Int) throws {
        let rig = try WorkerRig(queues: count)
        let disk = try disk(queues: count)
        disk.start(rig.setup(features: disk.offeredFeatures | Feature.eventIndex))
        for round in 0..<10 {
            for queue in 0..<count { #expect(try read(rig, queue) == UInt8(queue + 1), "round \(round)") }
        }
        disk.pause()
        #expect(
            disk.queuePositions()
                == (0..<count).map { QueuePosition(queue: $0, nextAvailable: 10, nextUsed: 10) })
        #expect(disk.metrics.reads == UInt64(10 * count) && disk.metrics.bytesRead == UInt64(5120 * count))
        disk.resume()
        #expect(try read(rig, count - 1) == UInt8(count))
        disk.stop()
    }

    @Test("a driver may leave queues alone, but not all of them")
    func partial() throws {
        let rig = try WorkerRig(queues: 4)
        let disk = try disk(queues: 4)
        var setup = rig.setup(features: disk.offeredFeatures | Feature.eventIndex)
        setup.queues = [setup.queues[0], setup.queues[2]]
        disk.start(setup)
        #expect(try read(rig, 2) == 3 && read(rig, 0) == 1)
        #expect(disk.queuePositions().map(\.queue) == [0, 2])
        disk.stop()
        #expect(rig.port.resetRequests == 0)
        setup.queues = []
        disk.start(setup)
        #expect(rig.port.resetRequests == 1)
        disk.stop()
    }

    @Test("one broken queue does not keep the others from working")
    func broken() throws {
        let rig = try WorkerRig(queues: 2)
        let disk = try disk(queues: 2)
        disk.start(rig.setup(features: disk.offeredFeatures | Feature.eventIndex))
        try rig.queues[1].publish(index: 1000)
        try rig.kick(1)
        #expect(try read(rig, 0) == 1)
        disk.stop()
    }

    @Test("a growing image is told once, whatever the number of queues")
    func resize() throws {
        let rig = try WorkerRig(queues: 4)
        let disk = try disk(queues: 4)
        disk.start(rig.setup(features: disk.offeredFeatures | Feature.eventIndex))
        #expect(try disk.refreshCapacity() == 512 * 9)
        #expect(rig.port.configurationChanges == 1)
        #expect(disk.readConfiguration(at: 0, size: 8) == 9)
        #expect(try read(rig, 3) == 4)
        disk.stop()
    }

    @Test("what stopped the machine is tried again by retry or resume, and forgotten by a reset", arguments: 0..<3)
    func stops(way: Int) throws {
        let rig = try WorkerRig(queues: 2)
        let disk = try disk(queues: 2, policy: .noSpace)
        disk.start(rig.setup(features: disk.offeredFeatures | Feature.eventIndex))
        log.failure.store(ENOSPC, ordering: .relaxed)
        try rig.memory.write([UInt8](repeating: 0, count: 16), at: GuestAddress(0x10_0000))
        for queue in 0..<2 {
            _ = try rig.queues[queue].add([.readable(0x10_0000, 16), .writable(0x11_0000, 513)])
            try rig.kick(queue)
        }
        while disk.parkedRequests < 2 { sched_yield() }
        disk.pause()
        #expect(disk.waitsForSpace)
        #expect(Set(stops.failures.map(\.disk)) == ["d"] && stops.failures.count == 2)
        #expect(disk.state.parked.map(\.queue) == [0, 1])
        switch way {
        case 0:
            #expect(!disk.retry() && disk.parkedRequests == 2)
            log.failure.store(0, ordering: .relaxed)
            #expect(disk.retry())
            disk.resume()
        case 1:
            log.failure.store(0, ordering: .relaxed)
            disk.resume()
        default:
            disk.stop()
            #expect(disk.parkedRequests == 0 && disk.state.parked.isEmpty)
            disk.resume()
            return
        }
        #expect(try rig.used(0)?.written == 513 && rig.used(1)?.written == 513)
        disk.stop()
    }
}
