// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Storage
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A disk with its thread")
struct BlockDeviceTests {
    private func device(_ bytes: [UInt8]) throws -> Block<ModelEngine> {
        try Block(profile: DiskProfile(name: "disk", serial: "s"), thread: "disk") { _ in
            ModelEngine(bytes)
        }
    }

    private func header(_ type: UInt32, _ sector: UInt64) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: type >> ($0 * 8)) } + [0, 0, 0, 0]
            + (0..<8).map { UInt8(truncatingIfNeeded: sector >> ($0 * 8)) }
    }

    /// Reads a sector through the ring.
    private func read(_ rig: WorkerRig, sector: UInt64) throws -> [UInt8]? {
        try rig.memory.write(header(0, sector), at: GuestAddress(0x10_0000))
        _ = try rig.queues[0].add([.readable(0x10_0000, 16), .writable(0x10_1000, 512), .writable(0x10_2000, 1)])
        try rig.kick(0)
        guard try rig.used(0)?.written == 513 else { return nil }
        return try rig.memory.read(at: GuestAddress(0x10_1000), count: 512)
    }

    @Test("the configuration structure says what the image is")
    func configuration() throws {
        let disk = try device([UInt8](repeating: 0, count: 512 * 100))
        #expect(disk.kind == .block)
        #expect(disk.queueSizes == [256])
        #expect(disk.readConfiguration(at: 0, size: 8) == 100)
        #expect(disk.readConfiguration(at: 0, size: 4) == 100 && disk.readConfiguration(at: 4, size: 4) == 0)
        #expect(disk.readConfiguration(at: 12, size: 4) == 254)
        #expect(disk.readConfiguration(at: 20, size: 4) == 512)
        #expect(disk.readConfiguration(at: 24, size: 1) == 3, "eight logical blocks are a physical one")
        #expect(disk.readConfiguration(at: 36, size: 4) == 1 << 21)
        #expect(disk.readConfiguration(at: 40, size: 4) == 32)
        #expect(disk.readConfiguration(at: 56, size: 1) == 1)
        for offset in [-1, 57, 60, 1000, Int.max - 8] { #expect(disk.readConfiguration(at: offset, size: 8) == 0) }
        #expect(disk.offeredFeatures & Feature.reserved == 0)
    }

    @Test("only the write cache's switch can be written, and a reset switches it on again")
    func writeCache() throws {
        let disk = try device([UInt8](repeating: 0, count: 512))
        for offset in [0, 8, 20, 31, 33] { disk.writeConfiguration(at: offset, size: 4, value: .max) }
        #expect(disk.readConfiguration(at: 0, size: 8) == 1)
        #expect(disk.readConfiguration(at: 32, size: 1) == 1)
        disk.writeConfiguration(at: 32, size: 1, value: 0)
        #expect(disk.readConfiguration(at: 32, size: 1) == 0)
        #expect(disk.state == BlockState(capacity: 512, writeCache: false))
        disk.stop()
        #expect(disk.readConfiguration(at: 32, size: 1) == 1)
        disk.restore(BlockState(capacity: 512, writeCache: false))
        #expect(disk.readConfiguration(at: 32, size: 1) == 0)
    }

    @Test("a driver's requests are served until the device is stopped, paused ones when it resumes")
    func life() throws {
        let contents = BlockTests.pattern(512 * 100)
        let rig = try WorkerRig(queues: 1)
        let disk = try device(contents)
        disk.start(rig.setup(features: disk.offeredFeatures | Feature.eventIndex))
        for sector in 0..<50 {
            #expect(try read(rig, sector: UInt64(sector)) == Array(contents[(sector * 512)..<(sector * 512 + 512)]))
        }
        disk.pause()
        #expect(disk.queuePositions() == [QueuePosition(queue: 0, nextAvailable: 50, nextUsed: 50)])
        try rig.memory.write(header(0, 7), at: GuestAddress(0x10_0000))
        _ = try rig.queues[0].add([.readable(0x10_0000, 16), .writable(0x10_1000, 513)])
        try rig.kick(0)
        #expect(disk.queuePositions() == [QueuePosition(queue: 0, nextAvailable: 50, nextUsed: 50)])
        #expect(try rig.queues[0].takeUsed() == nil)
        disk.resume()
        #expect(try rig.used(0)?.written == 513)
        disk.stop()
        #expect(disk.queuePositions().isEmpty)
        #expect(disk.metrics.reads == 51)
        #expect(rig.port.resetRequests == 0)
    }

    @Test("a resized image reaches the driver as a configuration change, once")
    func resize() throws {
        let rig = try WorkerRig(queues: 1)
        let disk = try device(BlockTests.pattern(512 * 100))
        disk.start(rig.setup(features: disk.offeredFeatures))
        #expect(try disk.refreshCapacity() == 512 * 101)
        #expect(rig.port.configurationChanges == 1)
        #expect(disk.readConfiguration(at: 0, size: 8) == 101)
        disk.stop()
        #expect(try disk.refreshCapacity() == 512 * 102)
        #expect(rig.port.configurationChanges == 1, "no driver, nobody to tell")
    }

    @Test("an image is made larger while nothing is in flight, and one that cannot be stays as it is")
    func growth() throws {
        let rig = try WorkerRig(queues: 1)
        let contents = BlockTests.pattern(512 * 100)
        let disk = try device(contents)
        disk.start(rig.setup(features: disk.offeredFeatures | Feature.eventIndex))
        #expect(throws: Errno(code: 28, call: "grow")) {
            try disk.refreshCapacity { () throws(Errno) in throw Errno(code: 28, call: "grow") }
        }
        #expect(rig.port.configurationChanges == 0 && disk.readConfiguration(at: 0, size: 8) == 100)
        #expect(try read(rig, sector: 3) == Array(contents[(3 * 512)..<(4 * 512)]), "the queue goes on")
        var positions: [QueuePosition] = []
        try disk.refreshCapacity { () throws(Errno) in positions = disk.queuePositions() }
        #expect(positions == [QueuePosition(queue: 0, nextAvailable: 1, nextUsed: 1)], "the queue is quiet")
        #expect(rig.port.configurationChanges == 1 && disk.readConfiguration(at: 0, size: 8) == 101)
        disk.stop()
    }

    @Test("a queue that cannot be used asks for a reset and nothing else happens")
    func badQueue() throws {
        let rig = try WorkerRig(queues: 1)
        let disk = try device(BlockTests.pattern(512))
        var setup = rig.setup(features: disk.offeredFeatures)
        setup.queues[0].descriptorTable = GuestAddress(0xFFFF_FFFF_0000)
        disk.start(setup)
        #expect(rig.port.resetRequests == 1)
        disk.stop()
        disk.start(rig.setup(features: disk.offeredFeatures))
        #expect(try read(rig, sector: 0) == BlockTests.pattern(512))
    }
}
