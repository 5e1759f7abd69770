// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Record
import Storage
import Synchronization
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A SCSI controller with its threads")
struct SCSIDeviceTests {
    private let log = ImageLog()
    private let stops = RecordedStops()

    private func engines(_ queues: Int, _ fill: UInt8 = 0, blocks: Int = 16) -> [EngineHandle] {
        (0..<queues).map { _ in
            EngineHandle.holding(
                ModelEngine([UInt8](repeating: fill, count: 512 * blocks), log: log))
        }
    }

    private func profile(_ name: String, _ policy: FailurePolicy = .report) -> DiskProfile {
        DiskProfile(name: name, serial: name, policy: policy, signals: stops)
    }

    private func put(_ rig: WorkerRig, _ queue: Int, _ block: [UInt8], unit: Int, room: Int, id: UInt64 = 1) throws {
        let base = UInt64(0x10_0000 * (queue + 1))
        let name = (0..<8).map { UInt8(truncatingIfNeeded: id >> UInt64(8 * $0)) }
        let header: [UInt8] = [1, 0, 0x40, UInt8(unit), 0, 0, 0, 0] + name + [0, 0, 0]
        try rig.memory.write(
            header + Array((block + [UInt8](repeating: 0, count: 32)).prefix(32)), at: GuestAddress(base))
        try rig.memory.write([UInt8](repeating: 0xEE, count: 108), at: GuestAddress(base + 0x1000))
        var buffers: [DriverBuffer] = [.readable(base, 51), .writable(base + 0x1000, 108)]
        if room > 0 { buffers.append(.writable(base + 0x2000, UInt32(room))) }
        _ = try rig.queues[queue].add(buffers)
        try rig.kick(queue)
    }

    /// A command's response, status, sense code and first data byte.
    private func run(
        _ rig: WorkerRig, _ block: [UInt8], unit: Int, room: Int = 0, queue: Int = 2
    ) throws -> (response: UInt8, status: UInt8, code: UInt8, data: UInt8)? {
        try put(rig, queue, block, unit: unit, room: room)
        guard try rig.used(queue) != nil else { return nil }
        let base = UInt64(0x10_0000 * (queue + 1))
        let all = try rig.memory.read(at: GuestAddress(base + 0x1000), count: 108)
        let data: UInt8 = try rig.memory.read(at: GuestAddress(base + 0x2000))
        return (all[11], all[10], all[24], data)
    }

    /// Lends the device buffers for events.
    private func lend(_ rig: WorkerRig, _ count: Int) throws {
        for i in 0..<count { _ = try rig.queues[1].add([.writable(0x80_0000 + UInt64(i) * 64, 16)]) }
        try rig.kick(1)
    }

    private func event(_ rig: WorkerRig) throws -> [UInt8]? {
        guard let used = try rig.used(1), used.written == 16 else { return nil }
        return try rig.memory.read(at: GuestAddress(0x80_0000 + UInt64(rig.queues[1].usedIndex - 1) * 64), count: 16)
    }

    private func manage(_ rig: WorkerRig, _ subtype: UInt32, unit: UInt8, id: UInt64 = 0) throws -> UInt8? {
        let name = (0..<8).map { UInt8(truncatingIfNeeded: id >> UInt64(8 * $0)) }
        try rig.memory.write(
            [0, 0, 0, 0, UInt8(subtype), 0, 0, 0, 1, 0, 0x40, unit, 0, 0, 0, 0] + name, at: GuestAddress(0x90_0000))
        _ = try rig.queues[0].add([.readable(0x90_0000, 24), .writable(0x90_1000, 1)])
        try rig.kick(0)
        guard try rig.used(0) != nil else { return nil }
        let byte: UInt8 = try rig.memory.read(at: GuestAddress(0x90_1000))
        return byte
    }

    @Test("the configuration structure says what it can, and takes two sizes")
    func configuration() throws {
        let scsi = try SCSI(queues: 3, thread: "scsi")
        #expect(scsi.kind == .scsi && scsi.queueSizes.count == 5)
        #expect(scsi.readConfiguration(at: 0, size: 4) == 3)
        #expect(scsi.readConfiguration(at: 4, size: 4) == 254)
        #expect(scsi.readConfiguration(at: 16, size: 4) == 16)
        #expect(scsi.readConfiguration(at: 20, size: 4) == 96 && scsi.readConfiguration(at: 24, size: 4) == 32)
        #expect(scsi.readConfiguration(at: 30, size: 2) == 0 && scsi.readConfiguration(at: 32, size: 4) == 255)
        for value in [UInt64(0), 5, 256, .max] {
            scsi.writeConfiguration(at: 20, size: 4, value: value)
            scsi.writeConfiguration(at: 24, size: 4, value: value)
        }
        #expect(scsi.readConfiguration(at: 20, size: 8) == 96 | 32 << 32)
        scsi.writeConfiguration(at: 20, size: 4, value: 64)
        scsi.writeConfiguration(at: 24, size: 4, value: 16)
        #expect(scsi.state.senseBytes == 64 && scsi.state.commandBytes == 16)
        scsi.stop()
        #expect(scsi.readConfiguration(at: 20, size: 8) == 96 | 32 << 32)
    }

    @Test("each unit is served on each queue", arguments: [1, 2, 4])
    func served(queues: Int) throws {
        let rig = try WorkerRig(queues: 2 + queues)
        let scsi = try SCSI(queues: queues, thread: "scsi")
        for unit in [0, 3, 7] {
            try scsi.attach(unit, .disk, profile("d\(unit)"), engines: engines(queues, UInt8(unit + 1)))
        }
        scsi.start(rig.setup(features: scsi.offeredFeatures | Feature.eventIndex))
        for unit in [0, 3, 7] {
            #expect(try run(rig, [0], unit: unit)?.code == 0x29, "switched on")
            for queue in 0..<queues {
                let answer = try #require(
                    try run(rig, SCSIRig.ten(0x28, 2, 1), unit: unit, room: 512, queue: 2 + queue))
                #expect(answer.status == 0 && answer.data == UInt8(unit + 1))
            }
            #expect(scsi.metrics(unit)?.reads == UInt64(queues))
        }
        scsi.pause()
        #expect(scsi.queuePositions().count == 2 + queues)
        scsi.resume()
        #expect(try run(rig, [0], unit: 0)?.status == 0)
        scsi.stop()
    }

    @Test("units come and go while others are read without a pause, and the driver hears of each")
    func hotPlug() throws {
        let rig = try WorkerRig(queues: 3)
        let scsi = try SCSI(thread: "scsi")
        try scsi.attach(0, .disk, profile("root"), engines: engines(1, 9))
        scsi.start(rig.setup(features: scsi.offeredFeatures | Feature.eventIndex))
        try lend(rig, 16)
        _ = try run(rig, [0], unit: 0)
        let done = Atomic<Bool>(false)
        let changer = try OSThread(name: "changer", cpus: nil) {
            for round in 1...5 {
                try? scsi.attach(round, .disk, self.profile("hot\(round)"), engines: self.engines(1, UInt8(round)))
                if round > 1 { try? scsi.detach(round - 1) }
            }
            done.store(true, ordering: .releasing)
        }
        var reads = 0
        while !done.load(ordering: .acquiring) || reads < 100 {
            let answer = try #require(try run(rig, SCSIRig.ten(0x28, 1, 1), unit: 0, room: 512))
            // Only ever that the list of units has changed.
            #expect(answer.status == 0 && answer.data == 9 || answer.code == 0x3F)
            reads += 1
        }
        changer.join()
        var events: [[UInt8]] = []
        for _ in 0..<9 { events.append(try #require(try event(rig))) }
        var units: [UInt8] = [1]
        var reasons: [UInt8] = [1]
        for round in 2...5 {
            units += [UInt8(round), UInt8(round - 1)]
            reasons += [1, 2]
        }
        #expect(events.map { $0[7] } == units)
        #expect(events.map { $0[12] } == reasons)
        #expect(events.allSatisfy { $0[0] == 1 && $0[4] == 1 })
        #expect(try run(rig, [0], unit: 1)?.code == 0x25)
        #expect(throws: SCSIError.noPlace(5)) { try scsi.attach(5, .disk, profile("x"), engines: engines(1)) }
        #expect(throws: SCSIError.noPlace(256)) { try scsi.attach(256, .disk, profile("x"), engines: engines(1)) }
        #expect(throws: SCSIError.noUnit(4)) { try scsi.detach(4) }
        #expect(throws: SCSIError.engines(1)) { try scsi.attach(6, .disk, profile("x"), engines: []) }
        scsi.stop()
    }

    @Test("events wait for buffers, and too many are told as missed")
    func events() throws {
        let rig = try WorkerRig(queues: 3, size: 256)
        let scsi = try SCSI(thread: "scsi")
        scsi.start(rig.setup(features: scsi.offeredFeatures | Feature.eventIndex))
        for unit in 0..<70 { try scsi.attach(unit, .optical, profile("d"), engines: nil) }
        try lend(rig, 100)
        for unit in 0..<64 {
            let one = try #require(try event(rig))
            #expect(one[7] == UInt8(unit) && (one[3] == 0x80) == (unit == 0))
        }
        scsi.stop()
    }

    @Test("a medium is taken out, changed and put back; a guest that holds it is asked first")
    func media() throws {
        let rig = try WorkerRig(queues: 3)
        let scsi = try SCSI(thread: "scsi")
        try scsi.attach(1, .optical, profile("cd"), engines: nil)
        scsi.start(rig.setup(features: scsi.offeredFeatures | Feature.eventIndex))
        try lend(rig, 8)
        _ = try run(rig, [0], unit: 1)
        #expect(try run(rig, [0], unit: 1)?.code == 0x3A)
        try scsi.change(1, engines: engines(1, 5), force: false)
        #expect(try event(rig)?[0] == 3)
        #expect(try run(rig, [0], unit: 1)?.code == 0x28)
        #expect(try run(rig, SCSIRig.ten(0x28, 0, 1), unit: 1, room: 2048)?.data == 5)
        #expect(try run(rig, [0x1E, 0, 0, 0, 1, 0], unit: 1)?.status == 0)
        #expect(throws: SCSIError.locked(1)) { try scsi.change(1, engines: nil, force: false) }
        #expect(try run(rig, SCSIRig.ten(0x28, 0, 1), unit: 1, room: 2048)?.data == 5)
        try scsi.change(1, engines: nil, force: true)
        #expect(try run(rig, [0], unit: 1)?.code == 0x28)
        #expect(try run(rig, SCSIRig.ten(0x28, 0, 1), unit: 1, room: 2048)?.code == 0x3A)
        try scsi.attach(0, .disk, profile("d"), engines: engines(1))
        #expect(throws: SCSIError.notRemovable(0)) { try scsi.change(0, engines: nil, force: true) }
        scsi.stop()
    }

    @Test("a growing image is told as an event and as a condition")
    func resize() throws {
        let rig = try WorkerRig(queues: 3)
        let scsi = try SCSI(thread: "scsi")
        try scsi.attach(2, .disk, profile("d"), engines: engines(1))
        scsi.start(rig.setup(features: scsi.offeredFeatures | Feature.eventIndex))
        try lend(rig, 4)
        _ = try run(rig, [0], unit: 2)
        #expect(try scsi.refreshCapacity(2) == 17 * 512)
        let told = try #require(try event(rig))
        #expect(told[0] == 3 && told[12] == 0x2A && told[13] == 9 && told[7] == 2)
        #expect(try run(rig, [0], unit: 2)?.code == 0x2A)
        #expect(try run(rig, SCSIRig.ten(0x28, 16, 1), unit: 2, room: 512)?.status == 0)
        scsi.stop()
    }

    @Test("what stopped the machine is tried again, or cancelled by the driver", arguments: [nil, UInt32(0), 1, 5])
    func stopped(subtype: UInt32?) throws {
        let rig = try WorkerRig(queues: 3)
        let scsi = try SCSI(thread: "scsi")
        try scsi.attach(0, .disk, profile("d", .stop), engines: engines(1, 3))
        scsi.start(rig.setup(features: scsi.offeredFeatures | Feature.eventIndex))
        _ = try run(rig, [0], unit: 0)
        log.failure.store(ENOSPC, ordering: .relaxed)
        try put(rig, 2, SCSIRig.ten(0x28, 0, 1), unit: 0, room: 512, id: 77)
        while scsi.parkedRequests == 0 { sched_yield() }
        scsi.pause()
        #expect(scsi.waitsForSpace && !scsi.retry())
        #expect(stops.failures.first?.disk == "d")
        let state = try Record.decode(SCSIState.self, Record.encode(scsi.state))
        #expect(state == scsi.state && state.parked.map(\.id) == [77])
        if let subtype {
            scsi.resume()
            // Kept anew, since there is still no space.
            #expect(try manage(rig, subtype, unit: 0, id: 77) == 0)
            #expect(try rig.used(2) != nil)
            let response: UInt8 = try rig.memory.read(at: GuestAddress(0x30_100B))
            #expect(response == (subtype == 5 ? 4 : 2))
            #expect(scsi.parkedRequests == 0)
        } else {
            log.failure.store(0, ordering: .relaxed)
            #expect(scsi.retry())
            scsi.resume()
            #expect(try rig.used(2)?.written == 620)
        }
        scsi.stop()
    }

    @Test("task management is answered, whatever it is about")
    func management() throws {
        let rig = try WorkerRig(queues: 3)
        let scsi = try SCSI(thread: "scsi")
        try scsi.attach(0, .disk, profile("d"), engines: engines(1))
        scsi.start(rig.setup(features: scsi.offeredFeatures | Feature.eventIndex))
        _ = try run(rig, [0], unit: 0)
        for (subtype, response) in [(UInt32(0), UInt8(0)), (1, 0), (2, 11), (3, 0), (6, 0), (7, 0), (99, 11)] {
            #expect(try manage(rig, subtype, unit: 0) == response, "\(subtype)")
        }
        #expect(try manage(rig, 5, unit: 9) == 12)
        #expect(try run(rig, [0], unit: 0)?.status == 0)
        #expect(try manage(rig, 5, unit: 0) == 0)
        #expect(try run(rig, [0], unit: 0)?.code == 0x29)
        // What is no request at all is given back, and the queue goes on.
        _ = try rig.queues[0].add([.readable(0x90_0000, 3), .writable(0x90_1000, 1)])
        try rig.kick(0)
        #expect(try rig.used(0)?.written == 0)
        #expect(try manage(rig, 1, unit: 0) == 0)
        scsi.stop()
    }

    @Test("kept requests travel with the state and are carried out on the other side")
    func travels() throws {
        let log = ImageLog()
        let stops = RecordedStops()
        func rig() throws -> SCSIRig {
            try SCSIRig(
                EngineHandle.holding(
                    try DeferringEngine(ModelEngine(BlockTests.pattern(512 * 100), log: log), depth: 4)),
                policy: .stop, signals: stops)
        }
        let first = try rig()
        let data = BlockTests.pattern(512, seed: 6)
        _ = try first.add(SCSIRig.ten(0x2A, 9, 1), out: data, at: 0x10_0000)
        _ = try first.add(SCSIRig.ten(0x41, 20, 3), out: data, at: 0x11_0000)
        _ = try first.add(SCSIRig.sixteen(0x93, 30, 3, flags: 9), at: 0x12_0000)
        log.failure.store(ENOSPC, ordering: .relaxed)
        try first.queue.publish()
        first.work.kicked(queue: 2)
        first.work.quiesce()
        let state = SCSIState(
            senseBytes: 96, commandBytes: 32, units: [first.unit.state],
            parked: first.parking.requests.withLock { $0 })
        #expect(state.parked.count == 3 && stops.failures.count == 1)
        let arrived = try Record.decode(SCSIState.self, Record.encode(state))
        #expect(arrived == state)
        log.failure.store(0, ordering: .relaxed)
        // The same memory, another controller's thread.
        let position = try #require(first.work.positions().first)
        let other = try rig()
        let parking = ParkingState<SCSIParkedRequest>()
        parking.requests.withLock { $0 = arrived.parked }
        var setup = first.queue.setup(index: 2)
        setup.nextAvailable = position.nextAvailable
        setup.nextUsed = position.nextUsed
        let device = DeviceSetup(
            memory: first.memory, features: first.features, queues: [setup], port: first.port)
        var work = try SCSIWork(
            setup, of: device, lanes: other.lanes, shared: other.shared, parking: parking, cancelled: CancelledTasks())
        work.kicked(queue: 2)
        work.quiesce()
        var answered = 0
        while try first.queue.takeUsed() != nil { answered += 1 }
        #expect(answered == 3 && parking.count.load(ordering: .relaxed) == 0)
        #expect(other.metrics.writes == 1 && other.metrics.zeroings == 2 && other.metrics.bytesWritten == 512)
    }
}
