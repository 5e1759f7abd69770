// SPDX-License-Identifier: Apache-2.0

import Devices
import GuestMemory
import Linux
import Record
import TestSupport
import Testing
import Virtio

@Suite("The socket device")
struct VsockTests {
    @Test("a kernel is told of the guest's ID at once and of its rings when the driver is ready, then runs them")
    func start() throws {
        let rig = try VsockRig()
        #expect(rig.log.take() == ["cid 77"])
        rig.device.start(rig.setup())
        while !rig.log.isRunning { Pause.briefly() }
        let expected =
            ["features 130000002", "memory 0+4194304"]
            + [0, 1].flatMap {
                [
                    "size \($0) 16", "base \($0) 100", "addresses \($0) log 0", "call \($0) driver", "error \($0)",
                    "kick \($0)",
                ]
            } + ["features 130000002", "running true"]
        #expect(rig.log.take() == expected)
        // Kicks go to the kernel and not through this process.
        #expect(rig.log.with { $0.kicks } == [0: rig.kicks[0], 1: rig.kicks[1]])
        #expect(rig.kicks.signalled(from: 0) & 3 == 3)
        rig.device.stop()
        #expect(rig.log.take() == ["running false"])
        #expect(rig.device.queuePositions().isEmpty && rig.port.resetRequests == 0)
    }

    @Test("what the kernel offers is offered, and no packed ring, whatever it says")
    func features() throws {
        let rig = try VsockRig()
        #expect(rig.device.offeredFeatures == 1 << 1)
        #expect(rig.device.refusedFeatures == Feature.packedRing)
        rig.log.with { $0.features = 1 << 32 | 1 << 34 }
        let plain = try Vsock(RecordedRings(log: rig.log), cid: 3)
        #expect(plain.offeredFeatures == 0)
        #expect(plain.refusedFeatures == Feature.packedRing | Feature.indirectDescriptors | Feature.eventIndex)
        rig.log.with { $0.features = 1 << 28 }
        #expect(throws: Errno.self) { _ = try Vsock(RecordedRings(log: rig.log), cid: 3) }
    }

    @Test("an ID that another guest has is an error of the device")
    func takenID() throws {
        let log = RecordedRings.Log()
        log.with { $0.refuses = "cid" }
        #expect(throws: Errno.self) { _ = try Vsock(RecordedRings(log: log), cid: 3) }
    }

    @Test("the configuration is the guest's ID, and cannot be written")
    func configuration() throws {
        let rig = try VsockRig(cid: 0x89AB_CDEF)
        rig.device.writeConfiguration(at: 0, size: 8, value: 3)
        #expect(rig.device.readConfiguration(at: 0, size: 8) == 0x89AB_CDEF)
        #expect(rig.device.readConfiguration(at: 1, size: 2) == 0xABCD)
        #expect(rig.device.readConfiguration(at: 4, size: 8) == 0 && rig.device.readConfiguration(at: -1, size: 4) == 0)
    }

    @Test("a pause stops the kernel and tells where it was; positions are the kernel's and the used ring's")
    func pause() throws {
        let rig = try VsockRig()
        rig.device.start(rig.setup())
        while !rig.log.isRunning { Pause.briefly() }
        _ = rig.log.take()
        rig.log.with { $0.bases = [0: 117, 1: 120] }
        try rig.ram.memory.write(UInt16(115).littleEndian, at: GuestAddress(rig.queues[0].used + 2))
        rig.device.pause()
        #expect(rig.log.take() == ["running false"])
        #expect(
            rig.device.queuePositions() == [
                QueuePosition(queue: 0, nextAvailable: 117, nextUsed: 115),
                QueuePosition(queue: 1, nextAvailable: 120, nextUsed: 100),
                QueuePosition(queue: 2, nextAvailable: 100, nextUsed: 100),
            ])
        rig.kicks.drain()
        rig.device.resume()
        while !rig.log.isRunning { Pause.briefly() }
        #expect(rig.log.take().last == "running true")
        // What was kicked meanwhile is looked at.
        while rig.kicks.signalled(from: 0) & 3 != 3 { Pause.briefly() }
    }

    @Test("after it was restored the driver is told once that its connections are gone, in the first buffer that fits")
    func reset() throws {
        let rig = try VsockRig()
        let state = VsockState(cid: 1234, owesReset: false)
        #expect(try Record.decode(VsockState.self, Record.encode(state)) == state)
        rig.device.restore(state)
        #expect(rig.device.state == VsockState(cid: 77, owesReset: true))
        try rig.ram.memory.write(UInt32.max, at: GuestAddress(0x8_0000))
        rig.device.start(rig.setup())
        try rig.lend(bytes: 3)
        #expect(try rig.waitForEvent() == 0)
        try rig.lend(bytes: 8)
        #expect(try rig.waitForEvent() == 4)
        let event: UInt32 = try rig.ram.memory.read(at: GuestAddress(0x8_0000))
        #expect(event == 0)
        while rig.calls.signalled(from: 2) & 1 == 0 { Pause.briefly() }
        while rig.device.metrics.resetsAnnounced == 0 { Pause.briefly() }
        #expect(rig.device.metrics.resetsAnnounced == 1 && rig.device.metrics.malformedRings == 1)
        // The next buffer stays with the device until there is something to say.
        try rig.lend(bytes: 8)
        rig.device.pause()
        #expect(try rig.queues[2].takeUsed() == nil)
        rig.device.announceReset()
        rig.device.resume()
        #expect(try rig.waitForEvent() == 4)
        #expect(rig.device.state.owesReset == false)
    }

    @Test("an ID that no guest can have is not read from a record", arguments: [0, 2, UInt32.max])
    func badState(cid: UInt32) {
        let bytes = Record.encode(VsockState(cid: cid, owesReset: true))
        #expect(throws: RecordError.self) { _ = try Record.decode(VsockState.self, bytes) }
    }

    @Test(
        "the kernel's writes are logged from the moment that is asked for, where there is a bitmap",
        arguments: [false, true])
    func logging(tracksWrites: Bool) throws {
        let rig = try VsockRig(tracksWrites: tracksWrites)
        rig.device.start(rig.setup())
        while !rig.log.isRunning { Pause.briefly() }
        let told = rig.log.take()
        #expect(told.contains("log") == tracksWrites)
        #expect(told.contains("addresses 0 log \(tracksWrites ? rig.queues[0].used : 0)"))
        #expect(told.suffix(2) == ["features 130000002", "running true"])
        rig.device.setLogging(true)
        while !rig.log.isRunning { Pause.briefly() }
        #expect(
            rig.log.take() == ["running false", "features \(tracksWrites ? "134000002" : "130000002")", "running true"])
        rig.device.setLogging(true)
        #expect(rig.log.take() == [])
        rig.device.pause()
        rig.device.setLogging(false)
        #expect(rig.log.take() == ["running false"])
    }

    @Test("a ring that the kernel finds broken asks for a reset, and stops both")
    func broken() throws {
        let rig = try VsockRig()
        rig.device.start(rig.setup())
        while !rig.log.isRunning { Pause.briefly() }
        EventFD.signal(try #require(rig.log.with { $0.errors[1] }))
        while rig.port.resetRequests == 0 { Pause.briefly() }
        #expect(!rig.log.isRunning)
        rig.device.stop()
        // The driver's reset makes it whole.
        rig.device.start(rig.setup())
        while !rig.log.isRunning { Pause.briefly() }
        #expect(rig.port.resetRequests == 1)
    }

    @Test("a broken queue of events asks for a reset")
    func brokenEvents() throws {
        let rig = try VsockRig()
        rig.device.restore(VsockState(cid: 5, owesReset: false))
        rig.device.start(rig.setup())
        while !rig.log.isRunning { Pause.briefly() }
        try rig.queues[2].breakRing()
        EventFD.signal(rig.kicks[2])
        while rig.port.resetRequests == 0 { Pause.briefly() }
        rig.device.pause()
        #expect(!rig.log.isRunning)
    }

    @Test(
        "a missing or unusable ring, or a kernel that refuses one, asks for a reset",
        arguments: ["missing", "outside", "features", "memory", "size 1", "addresses 0", "running true"])
    func refused(what: String) throws {
        let rig = try VsockRig()
        var setup = rig.setup(queues: what == "missing" ? [0, 2] : [0, 1, 2])
        if what == "outside" { setup.queues[1].deviceArea = GuestAddress(rig.ram.memory.layout.end) }
        rig.log.with { $0.refuses = what }
        rig.device.start(setup)
        while rig.port.resetRequests == 0 { Pause.briefly() }
        #expect(!rig.log.isRunning)
    }
}
