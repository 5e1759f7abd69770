// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Network
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A network card with its thread")
struct NetDeviceTests {
    private let mac = MACAddress(rawValue: 0x0200_0000_00AA)

    @Test("the configuration structure says what the card is")
    func configuration() throws {
        let card = try Net(Wire().port(mtu: 1400), mac: mac, name: "net")
        #expect(card.kind == .network)
        #expect(card.queueSizes == [256, 256, 64])
        #expect((0..<6).map { card.readConfiguration(at: $0, size: 1) } == [2, 0, 0, 0, 0, 0xAA])
        #expect(card.readConfiguration(at: 6, size: 2) == 1)
        #expect(card.readConfiguration(at: 10, size: 2) == 1400)
        #expect(card.readConfiguration(at: 12, size: 4) == 0)
        card.writeConfiguration(at: 0, size: 4, value: .max)
        #expect(card.readConfiguration(at: 0, size: 1) == 2)
        card.setLink(up: false)
        #expect(card.readConfiguration(at: 6, size: 2) == 0)
        #expect(card.state == NetState(mac: mac, isUp: false))
        card.restore(NetState(mac: mac, isUp: true))
        #expect(card.readConfiguration(at: 6, size: 2) == 1)
    }

    @Test("what a card offers is what its port can do, and nothing of the transport's")
    func features() throws {
        let plain = NetFeature.offered(for: [], mtu: nil)
        #expect(plain & NetFeature.mac != 0 && plain & NetFeature.status != 0 && plain & NetFeature.mergeable != 0)
        #expect(plain & (NetFeature.guestOffloads | NetFeature.controlOffloads | NetFeature.multiQueue) == 0)
        #expect(NetFeature.offered(for: [], mtu: nil, pairs: 2) & NetFeature.multiQueue != 0)
        let all: Offloads = [.checksum, .tcp4, .tcp6, .congestion, .fragmentation, .udpSegments]
        let full = NetFeature.offered(for: all, mtu: 1500)
        #expect(full & Feature.reserved == 0)
        #expect(full & NetFeature.mtu != 0 && full & NetFeature.hostUDP != 0 && full & NetFeature.guestTCP6 != 0)
        #expect(NetFeature.offered(for: all, mtu: 67) & NetFeature.mtu == 0)
        #expect(NetFeature.offloads(of: full) == all)
        #expect(NetFeature.offloads(of: full & ~NetFeature.guestChecksum) == [], "nothing goes without checksums")
        #expect(NetFeature.offloads(of: full & ~NetFeature.guestUDP6) == all.subtracting(.udpSegments))
    }

    @Test("frames go both ways through the thread, and stop while it is paused")
    func life() throws {
        let rig = try WorkerRig(queues: 2)
        let wire = try Wire()
        let card = try Net(wire.port(), mac: mac, name: "net")
        card.start(rig.setup(features: card.offeredFeatures | Feature.eventIndex))
        for i in 0..<32 { _ = try rig.queues[0].add([.writable(0x20_0000 + UInt64(i) * 4096, 4096)]) }
        try rig.kick(0)
        for i in 0..<32 {
            let frame = NetRig.frame(60 + i * 40, seed: UInt64(i))
            try #require(try wire.send(NetRig.header + frame))
            let used = try #require(try rig.used(0))
            #expect(used.written == UInt32(12 + frame.count))
            let data = try rig.memory.read(at: GuestAddress(0x20_0000 + UInt64(i) * 4096 + 12), count: frame.count)
            #expect(data == frame)

            try rig.memory.write(NetRig.header + frame, at: GuestAddress(0x10_0000))
            _ = try rig.queues[1].add([.readable(0x10_0000, UInt32(12 + frame.count))])
            try rig.kick(1)
            #expect(try wire.receive(milliseconds: 10_000) == NetRig.header + frame)
            #expect(try rig.used(1) != nil)
        }
        card.pause()
        try #require(try wire.send(NetRig.header + NetRig.frame(64)))
        _ = try rig.queues[0].add([.writable(0x20_0000, 4096)])
        try rig.kick(0)
        #expect(
            card.queuePositions() == [
                QueuePosition(queue: 0, nextAvailable: 32, nextUsed: 32),
                QueuePosition(queue: 1, nextAvailable: 32, nextUsed: 32),
            ])
        card.resume()
        #expect(try rig.used(0)?.written == 76)
        card.setLink(up: false)
        #expect(rig.port.configurationChanges == 1)
        card.stop()
        #expect(card.metrics[0].framesReceived == 33 && card.metrics[0].framesSent == 32)
        #expect(rig.port.resetRequests == 0)
    }
}
