// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Network
import Record
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A network card's cable, pairs, state and rates")
struct NetLinkTests {
    private let mac = MACAddress(rawValue: 0x0200_0000_00AA)

    @Test("no frame flows over a pulled cable, and none of them comes late")
    func pulled() throws {
        let rig = try WorkerRig(queues: 2)
        let wire = try Wire()
        let card = try Net(wire.port(), mac: mac, name: "net")
        card.start(rig.setup(features: card.offeredFeatures & ~NetFeature.control | Feature.eventIndex))
        #expect(wire.asked.carrier.withLock { $0 } == true)
        for i in 0..<8 { _ = try rig.queues[0].add([.writable(0x20_0000 + UInt64(i) * 4096, 4096)]) }
        try rig.kick(0)
        card.setLink(up: false)
        #expect(rig.port.configurationChanges == 1)
        #expect(wire.asked.carrier.withLock { $0 } == false)
        #expect(card.readConfiguration(at: 6, size: 2) == 0)
        for i in 0..<5 { try #require(try wire.send(NetRig.header + NetRig.frame(60, seed: UInt64(i)))) }
        try rig.memory.write(NetRig.header + NetRig.frame(60), at: GuestAddress(0x10_0000))
        _ = try rig.queues[1].add([.readable(0x10_0000, 72)])
        try rig.kick(1)
        #expect(try rig.used(1) != nil, "what the guest sends is taken and lost")
        #expect(try wire.receive() == nil)
        while card.metrics[0].receiveDrops < 5 { sched_yield() }
        card.setLink(up: true)
        #expect(wire.asked.carrier.withLock { $0 } == true)
        try #require(try wire.send(NetRig.header + NetRig.frame(60, seed: 77)))
        #expect(try rig.used(0)?.written == 72)
        #expect(
            try rig.memory.read(at: GuestAddress(0x20_0000 + 12), count: 60) == NetRig.frame(60, seed: 77))
        #expect(card.metrics[0].sendDrops == 1)
        card.stop()
    }

    @Test("two pairs are two wires, one of them idle until the driver asks for it")
    func pairs() throws {
        let rig = try WorkerRig(queues: 5)
        let wires = [try Wire(), try Wire()]
        let card = try Net(
            pairs: try wires.map { try NetPair(try $0.port()) }, mac: mac, name: "net")
        #expect(card.queueSizes == [256, 256, 256, 256, 64])
        #expect(card.readConfiguration(at: 8, size: 2) == 2)
        card.start(rig.setup(features: card.offeredFeatures))
        #expect(wires.map { $0.asked.isAttached.withLock { $0 } } == [true, false])
        try rig.memory.write([4, 0, 2, 0], at: GuestAddress(0x10_0000))
        _ = try rig.queues[4].add([.readable(0x10_0000, 4), .writable(0x10_1000, 1)])
        try rig.kick(4)
        #expect(try rig.used(4)?.written == 1)
        #expect(wires.map { $0.asked.isAttached.withLock { $0 } } == [true, true])
        for pair in 0..<2 {
            _ = try rig.queues[2 * pair].add([.writable(0x20_0000 + UInt64(pair) * 4096, 4096)])
            try rig.kick(2 * pair)
            try #require(try wires[pair].send(NetRig.header + NetRig.frame(60, seed: UInt64(pair))))
            #expect(try rig.used(2 * pair)?.written == 72)
            try rig.memory.write(NetRig.header + NetRig.frame(90), at: GuestAddress(0x11_0000))
            _ = try rig.queues[2 * pair + 1].add([.readable(0x11_0000, 102)])
            try rig.kick(2 * pair + 1)
            #expect(try wires[pair].receive(milliseconds: 10_000) == NetRig.header + NetRig.frame(90))
            #expect(card.metrics[pair].framesReceived == 1 && card.metrics[pair].bytesReceived == 60)
        }
        card.pause()
        let state = card.state
        #expect(state.pairs == 2)
        #expect(card.queuePositions().map(\.queue) == [0, 1, 2, 3, 4])
        card.stop()
        #expect(card.state.pairs == 1, "a reset forgets what the driver chose")
    }

    @Test("an announcement is asked for once the driver can be heard, and ends with its acknowledgement")
    func announcement() throws {
        let rig = try WorkerRig(queues: 3)
        let wire = try Wire()
        let card = try Net(wire.port(), mac: mac, name: "net")
        #expect(!card.announce(), "there is no driver")
        card.start(rig.setup(features: card.offeredFeatures))
        #expect(card.announce())
        #expect(rig.port.configurationChanges == 1)
        #expect(card.readConfiguration(at: 6, size: 2) == 3)
        try rig.memory.write([3, 0], at: GuestAddress(0x10_0000))
        _ = try rig.queues[2].add([.readable(0x10_0000, 2), .writable(0x10_1000, 1)])
        try rig.kick(2)
        #expect(try rig.used(2)?.written == 1)
        #expect(card.readConfiguration(at: 6, size: 2) == 1)
        card.stop()
        #expect(!card.announce())
    }

    @Test("a state is the same behind its record, and a card that takes it up goes on where the other stopped")
    func state() throws {
        var state = NetState(mac: MACAddress(rawValue: 0x02_0000_0000_BB), isUp: false)
        state.announces = true
        state.offloads = NetFeature.guestChecksum
        state.receiving.isPromiscuous = false
        state.receiving.multicast = nil
        state.receiving.vlans = [1, 4000]
        #expect(try NetState(recordValue: state.recordValue) == state)

        let rig = try WorkerRig(queues: 3)
        let wire = try Wire()
        let card = try Net(wire.port(), mac: mac, name: "net")
        card.restore(state)
        card.start(rig.setup(features: card.offeredFeatures))
        #expect(wire.asked.offloads.withLock { $0 } == .checksum)
        #expect(wire.asked.carrier.withLock { $0 } == false)
        #expect(wire.asked.filter.withLock { $0 }?.addresses?.first == state.mac)
        #expect(card.state == state)
        #expect((0..<6).map { card.readConfiguration(at: $0, size: 1) } == [2, 0, 0, 0, 0, 0xBB])
        card.stop()
        #expect(card.state == NetState(mac: mac, isUp: false), "the cable stays pulled")
    }

    @Test("a rate holds what goes beyond its burst until the timer lets it go", arguments: [true, false])
    func rates(sending: Bool) throws {
        // Ten frames at once, then one every 40 milliseconds.
        let rate = FrameRate(frames: FrameRate.Bucket(perSecond: 25, burst: 10))
        let rig = try NetRig(
            features: NetRig.mergeable, receiving: sending ? nil : rate, sending: sending ? rate : nil)
        for i in 0..<40 {
            if sending {
                try rig.add(NetRig.header + NetRig.frame(60), at: 0x10_0000 + UInt64(i) * 4096)
            } else {
                try rig.lend([2048])
            }
        }
        if sending {
            try rig.kickTransmit()
        } else {
            try rig.kickReceive()
            var sent = 0
            while sent < 12, try rig.wire.send(NetRig.header + NetRig.frame(60)) {
                sent += 1
                // The wire holds few frames at once.
                rig.work.ready(token: 0, readiness: .readable)
            }
        }
        let began = Clock.monotonic
        func count() -> UInt64 { sending ? rig.metrics.snapshot.framesSent : rig.metrics.snapshot.framesReceived }
        let early = count()
        #expect(early >= 10 && early < 40)
        var wait = pollfd(fd: rig.pair.timer.descriptor.raw, events: Int16(POLLIN), revents: 0)
        while count() < 12 {
            try #require(poll(&wait, 1, 10_000) == 1, "the timer is set whenever frames are held back")
            if sending { while try rig.wire.receive() != nil {} }
            rig.work.ready(token: 1, readiness: .readable)
        }
        // From the last frame of the burst on each took a fortieth of a second; the clock began after them.
        #expect(Clock.monotonic - began >= (12 - early - 1) * 40_000_000)
    }
}
