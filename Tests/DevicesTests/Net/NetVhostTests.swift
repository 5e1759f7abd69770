// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Network
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite(
    "A network card that the kernel's vhost serves", .serialized,
    .enabled(if: geteuid() == 0 && access("/dev/vhost-net", R_OK | W_OK) == 0))
struct NetVhostTests {
    private static let mac = MACAddress(rawValue: 0x0200_0000_00AA)

    private static func card(_ tap: String) throws -> Net<Tap> {
        let vhost = try Vhost(owning: try FileDescriptor.open("/dev/vhost-net", O_RDWR))
        return try Net(pairs: [try NetPair(try Tap.open(tap), vhost: vhost)], mac: mac, name: "net")
    }

    private static func inNamespace(_ body: @escaping @Sendable () throws -> Void) throws {
        try #require(try Namespace.run(taps: ["kernel0"], isQuiet: true, body))
    }

    @Test("it offers only what vhost can do")
    func features() throws {
        try Self.inNamespace {
            let card = try Self.card("kernel0")
            #expect(card.refusedFeatures & Feature.transport & Feature.version1 == 0)
            #expect(card.refusedFeatures & 1 << 34 != 0, "vhost knows no packed rings")
            #expect(card.offeredFeatures & NetFeature.mergeable != 0)
        }
    }

    @Test("frames go both ways, stop while it is paused or its cable is pulled, and go on from where they were")
    func life() throws {
        try Self.inNamespace {
            let rig = try WorkerRig(queues: 3)
            let card = try Self.card("kernel0")
            let host = try PacketSocket("kernel0")
            card.start(rig.setup(features: card.offeredFeatures | Feature.eventIndex))
            for i in 0..<32 { _ = try rig.queues[0].add([.writable(0x20_0000 + UInt64(i) * 4096, 4096)]) }
            try rig.kick(0)
            for i in 0..<8 {
                try host.send(to: Self.mac.bytes, count: 60 + i, filler: UInt8(i))
                let used = try #require(try rig.used(0))
                #expect(used.written == UInt32(12 + 60 + i))
                let last = GuestAddress(0x20_0000 + UInt64(i) * 4096 + 12 + 59)
                #expect(try rig.memory.read(at: last, count: 1) == [UInt8(i)])
            }
            try rig.memory.write(NetRig.header + NetRig.frame(60), at: GuestAddress(0x10_0000))
            _ = try rig.queues[1].add([.readable(0x10_0000, 72)])
            try rig.kick(1)
            #expect(try rig.used(1) != nil)
            card.pause()
            #expect(
                card.queuePositions() == [
                    QueuePosition(queue: 0, nextAvailable: 8, nextUsed: 8),
                    QueuePosition(queue: 1, nextAvailable: 1, nextUsed: 1),
                    QueuePosition(queue: 2, nextAvailable: 0, nextUsed: 0),
                ])
            try host.send(to: Self.mac.bytes)
            _ = try rig.queues[1].add([.readable(0x10_0000, 72)])
            try rig.kick(1)
            usleep(50_000)
            #expect(try rig.queues[0].takeUsed() == nil && rig.queues[1].takeUsed() == nil)
            card.resume()
            #expect(try rig.used(0)?.written == 72)
            #expect(try rig.used(1) != nil, "a kick that came meanwhile is not forgotten")
            card.setLink(up: false)
            card.setLink(up: true)
            try host.send(to: Self.mac.bytes, count: 99)
            #expect(try rig.used(0)?.written == 12 + 99)
            card.stop()
            #expect(rig.port.resetRequests == 0)
            #expect(card.metrics[0].framesReceived == 0, "no frame went through this process")
        }
    }

    @Test("what vhost writes is noted in the dirty bitmap while that is asked for, and only then")
    func log() throws {
        try Self.inNamespace {
            let rig = try WorkerRig(queues: 2, tracksWrites: true)
            let card = try Self.card("kernel0")
            let host = try PacketSocket("kernel0")
            let bitmap = try #require(rig.memory.dirty)
            func isMarked(_ address: UInt64) -> Bool {
                bitmap.take(word: Int(address >> 18)) & 1 << (address >> 12 & 63) != 0
            }
            card.start(rig.setup(features: card.offeredFeatures & ~NetFeature.control))
            for i in 0..<8 { _ = try rig.queues[0].add([.writable(0x20_0000 + UInt64(i) * 0x4_0000, 4096)]) }
            try rig.kick(0)
            for (i, logs) in [false, true, true, false].enumerated() {
                card.logWrites(logs)
                for word in 0..<256 { _ = bitmap.take(word: word) }
                try host.send(to: Self.mac.bytes)
                #expect(try rig.used(0)?.written == 72)
                #expect(isMarked(0x20_0000 + UInt64(i) * 0x4_0000) == logs, "frame \(i)")
            }
            card.stop()
        }
    }

    @Test("rings that are no memory end in a device that needs a reset, and a new driver works")
    func hostile() throws {
        try Self.inNamespace {
            let rig = try WorkerRig(queues: 2)
            let card = try Self.card("kernel0")
            var bad = rig.setup(features: card.offeredFeatures & ~NetFeature.control)
            bad.queues[0].deviceArea = GuestAddress(0xFFFF_FFFF_F000)
            card.start(bad)
            #expect(rig.port.resetRequests == 1)
            card.stop()
            card.start(rig.setup(features: card.offeredFeatures & ~NetFeature.control))
            _ = try rig.queues[0].add([.writable(0x20_0000, 4096)])
            try rig.kick(0)
            try PacketSocket("kernel0").send(to: Self.mac.bytes)
            #expect(try rig.used(0)?.written == 72)
            card.stop()
            #expect(rig.port.resetRequests == 1)
        }
    }
}
