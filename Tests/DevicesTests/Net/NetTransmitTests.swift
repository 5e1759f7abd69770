// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Network
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("Frames from the guest")
struct NetTransmitTests {
    @Test(
        "a frame leaves whole, however the driver cut it",
        arguments: [[], [12], [6], [1, 2, 3, 4, 5, 12, 13], [10, 14, 200, 800], [26], [1000]])
    func layouts(cuts: [Int]) throws {
        let rig = try NetRig(features: 0)
        let head = try rig.add(NetRig.header + NetRig.frame(1400), cuts: cuts)
        try rig.kickTransmit()
        #expect(try rig.wire.receive() == NetRig.header + NetRig.frame(1400))
        let used = try rig.transmit.takeUsed()
        #expect(used?.head == head && used?.written == 0)
        #expect(rig.metrics.snapshot.framesSent == 1 && rig.metrics.snapshot.bytesSent == 1400)
    }

    @Test(
        "frames too short or too long are dropped and counted, and their chains come back",
        arguments: [1, 11, 12, 25, FrameLimits.largestBytes + 1])
    func badLengths(count: Int) throws {
        let rig = try NetRig(features: 0)
        try rig.add([UInt8](repeating: 0, count: count))
        try rig.kickTransmit()
        #expect(try rig.wire.receive() == nil)
        #expect(try rig.transmit.takeUsed() != nil)
        #expect(rig.metrics.snapshot.malformedFrames == 1 && rig.metrics.snapshot.framesSent == 0)
    }

    @Test("the longest frame there can be is sent")
    func longest() throws {
        let rig = try NetRig(features: 0)
        let frame = NetRig.frame(FrameLimits.largestBytes - 12)
        try rig.add(NetRig.header + frame, cuts: [12, 40_000])
        try rig.kickTransmit()
        #expect(try rig.wire.receive() == NetRig.header + frame)
    }

    static let all =
        NetFeature.checksum | NetFeature.hostTCP4 | NetFeature.hostTCP6 | NetFeature.hostUDP
        | NetFeature.hostCongestion | NetFeature.hostFragmentation

    @Test(
        "a header may ask only for what was negotiated",
        arguments: [
            (UInt8(0), UInt8(0), UInt64(0), true), (1, 0, 0, false), (1, 0, NetFeature.checksum, true),
            (1, 1, NetFeature.checksum, false), (1, 1, NetFeature.hostTCP4, false), (1, 1, Self.all, true),
            (1, 4, NetFeature.checksum | NetFeature.hostTCP4, false), (1, 4, Self.all, true), (1, 5, Self.all, true),
            (1, 3, Self.all, true), (1, 2, Self.all, false), (1, 0x81, Self.all, true),
            (1, 0x81, NetFeature.checksum | NetFeature.hostTCP4, false), (1, 0x80, Self.all, false),
            (1, 0x85, Self.all, false), (1, 0x7F, Self.all, false), (0xFE, 0, 0, true),
        ])
    func headers(flags: UInt8, segmentation: UInt8, features: UInt64, isSent: Bool) throws {
        var header = NetHeader()
        header.flags = flags
        header.segmentation = segmentation
        header.bufferCount = 77
        let sanitized = header.sanitized(features: features)
        #expect((sanitized != nil) == isSent)
        #expect(sanitized?.flags ?? 0 == (isSent ? flags & 1 : 0))
        #expect(sanitized?.bufferCount ?? 0 == 0)
    }

    @Test("the port sees the header that was judged, not the one in guest memory")
    func sanitizedHeader() throws {
        let rig = try NetRig(features: 0)
        var header = NetRig.header
        header[0] = 0xFE
        header[10] = 3
        try rig.add(header + NetRig.frame(60))
        try rig.kickTransmit()
        #expect(try rig.wire.receive() == NetRig.header + NetRig.frame(60))
    }

    @Test("a full port keeps the frame until it has room, and none is lost or doubled")
    func fullPort() throws {
        let rig = try NetRig(features: 0)
        var next: UInt64 = 0, seen: UInt64 = 0
        // A datagram socket takes a handful of frames (net.unix.max_dgram_qlen) and then says EAGAIN.
        for round in 0..<200 {
            while rig.transmit.freeCount > 0, next - seen < 600 {
                try rig.add(NetRig.header + NetRig.frame(100, seed: next), at: 0x10_0000 + (next % 128) * 512)
                next += 1
            }
            try rig.kickTransmit()
            if round == 5 {
                rig.work.quiesce()
                let done = rig.metrics.snapshot.framesSent
                #expect(
                    rig.work.positions()[1]
                        == QueuePosition(queue: 1, nextAvailable: UInt16(done), nextUsed: UInt16(done)))
            }
            while let frame = try rig.wire.receive() {
                #expect(frame == NetRig.header + NetRig.frame(100, seed: seen))
                seen += 1
            }
            rig.work.ready(token: 0, readiness: .writable)
            while try rig.transmit.takeUsed() != nil {}
        }
        while let frame = try rig.wire.receive() {
            #expect(frame == NetRig.header + NetRig.frame(100, seed: seen))
            seen += 1
        }
        #expect(seen == rig.metrics.snapshot.framesSent)
        #expect(seen > 1000)
        #expect(rig.metrics.snapshot.sendDrops == 0)
    }

    @Test("a port that refuses a frame costs that frame only")
    func refused() throws {
        // A datagram socket refuses what is larger than its buffer, as a tap refuses a header that points outside.
        let rig = try NetRig(features: 0)
        try rig.add(NetRig.header + NetRig.frame(60))
        rig.wire.close()
        try rig.kickTransmit()
        #expect(rig.metrics.snapshot.sendDrops == 1)
        #expect(try rig.transmit.takeUsed() != nil)
        #expect(rig.guest.resetRequests == 0)
    }

    @Test("sending does not allocate once it runs")
    func noAllocation() throws {
        let rig = try NetRig(features: 0)
        for round in 0..<4 {
            for i in 0..<4 {
                try rig.add(NetRig.header + NetRig.frame(1400), cuts: [12, 700], at: 0x10_0000 + UInt64(i) * 4096)
            }
            try rig.transmit.publish()
            let count = AllocationCount.during { rig.work.kicked(queue: 1) }
            while try rig.wire.receive() != nil {}
            while try rig.transmit.takeUsed() != nil {}
            if round > 0 { #expect(count == 0) }
        }
        #expect(rig.metrics.snapshot.framesSent == 16)
    }

    @Test("nothing a driver can put on the rings harms the card: 100,000 hostile chains")
    func hostile() throws {
        var random = SeededRandom(seed: 4711)
        var rig = try NetRig(features: NetRig.mergeable | Self.all)
        var resets = 0
        for _ in 0..<50_000 {
            if rig.guest.resetRequests > 0 {
                resets += 1
                rig = try NetRig(features: Bool.random(using: &random) ? NetRig.mergeable | Self.all : Self.all)
            }
            let count = Int.random(in: 1...200, using: &random)
            var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if Bool.random(using: &random) { for i in 0..<min(count, 12) { bytes[i] = 0 } }
            _ = try rig.add(bytes, cuts: [Int.random(in: 1...30, using: &random)])
            try rig.lend([Int.random(in: 0...300, using: &random), Int.random(in: 1...50, using: &random)])
            if Int.random(in: 0..<25, using: &random) == 0 {
                let bad = DriverDescriptor(
                    address: random.next() >> UInt64.random(in: 0...50, using: &random),
                    length: UInt32(truncatingIfNeeded: random.next()) >> UInt32.random(in: 0...31, using: &random),
                    flags: UInt16.random(in: 0...7, using: &random), next: UInt16.random(in: 0...200, using: &random))
                let index = Int.random(in: 0..<128, using: &random)
                if Bool.random(using: &random) {
                    try rig.transmit.write(bad, index: index)
                } else {
                    try rig.receive.write(bad, index: index)
                }
            }
            _ = try rig.wire.send(bytes)
            try rig.kickTransmit()
            try rig.kickReceive()
            rig.work.ready(token: 0, readiness: [.readable, .writable])
            while try rig.wire.receive() != nil {}
            if rig.guest.resetRequests > 0 { continue }
            while try rig.transmit.takeUsed() != nil {}
            while try rig.receive.takeUsed() != nil {}
        }
        #expect(resets > 10)
    }
}
