// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Record
import Synchronization
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A console with ports")
struct ConsoleTests {
    private static let agent = "org.qemu.guest_agent.0"

    /// A channel to this end of a socket pair.
    private func channel(_ name: String = agent) throws -> (ConsolePort, HostEnd) {
        let pair = try UnixSocket.pair()
        let port = try ConsolePort(name, stream: try pair.first.descriptor.duplicate())
        return (port, HostEnd(try pair.second.descriptor.duplicate()))
    }

    @Test("ports are told of, named and opened as the specification wants it")
    func negotiation() throws {
        let hub = try ConsoleHub()
        let (port, host) = try channel()
        defer { _ = host }
        let rig = try ConsoleRig([port, try ConsolePort("terminal", hub: hub)])
        #expect(rig.console.kind == .console && rig.console.queueSizes.count == 6)
        #expect(rig.console.readConfiguration(at: 4, size: 4) == 2)
        #expect(rig.console.ports.map(\.name) == ["terminal", Self.agent], "port 0 is the terminal's")
        try rig.say(0, port: 0xFFFF_FFFF, value: 1)
        #expect(try rig.hear() == .init(port: 0, event: 1, value: 1))
        #expect(try rig.hear() == .init(port: 1, event: 1, value: 1))
        #expect(
            try rig.open(0, expecting: 3) == [
                .init(port: 0, event: 4, value: 1), .init(port: 0, event: 7, value: 1, name: "terminal"),
                .init(port: 0, event: 6, value: 1),
            ])
        #expect(!port.isGuestOpen)
        #expect(
            try rig.open(1, expecting: 2) == [
                .init(port: 1, event: 7, value: 1, name: Self.agent), .init(port: 1, event: 6, value: 1),
            ])
        #expect(port.isGuestOpen)
        rig.console.stop()
        #expect(!port.isGuestOpen)
    }

    @Test("bytes go both ways through a channel, in order", arguments: RingLayout.allCases)
    func bytes(layout: RingLayout) throws {
        let (port, host) = try channel()
        let rig = try ConsoleRig([port], layout: layout)
        try rig.say(0, port: 0, value: 1)
        #expect(try rig.hear() == .init(port: 1, event: 1, value: 1), "there is no port 0")
        _ = try rig.open(1, expecting: 2)
        for i in 0..<50 {
            let text = Array("question \(i)\n".utf8)
            try host.descriptor.writeAll(text)
            #expect(try rig.receive(queue: 4) == text)
            try rig.send(text + text, queue: 5)
            #expect(try ConsoleRig.read(host.descriptor, 2 * text.count) == text + text)
        }
        let done = port.metrics.snapshot
        #expect(done.bytesOut == 2 * done.bytesIn && done.bytesIn > 500 && done.bytesDropped == 0)
        rig.console.stop()
    }

    @Test(
        "a host that does not read holds its own port's guest up, neither memory nor another port, and loses nothing",
        arguments: RingLayout.allCases)
    func backPressure(layout: RingLayout) throws {
        let (slow, slowHost) = try channel("slow")
        let (quick, quickHost) = try channel("quick")
        let rig = try ConsoleRig([slow, quick], layout: layout)
        try rig.say(0, port: 0, value: 1)
        _ = try rig.hear()
        _ = try rig.hear()
        _ = try rig.open(1, expecting: 2)
        _ = try rig.open(2, expecting: 2)
        // Far more than a socket holds, in buffers that each hold a running number.
        let size = 60_000, count = 30
        for i in 0..<count {
            let at = 0x100_0000 + UInt64(i) << 16
            try rig.rig.memory.write([UInt8](repeating: UInt8(i), count: size), at: GuestAddress(at))
            _ = try rig.rig.queues[5].add([.readable(at, UInt32(size) - 7), .readable(at + UInt64(size) - 7, 7)])
        }
        try rig.rig.kick(5)
        try rig.send(Array("here".utf8), queue: 7)
        #expect(try ConsoleRig.read(quickHost.descriptor, 4) == Array("here".utf8))
        // A pause in the middle of a buffer, and a save: what the host has is not sent again.
        rig.console.pause()
        let position = try #require(rig.console.queuePositions().first { $0.queue == 5 })
        #expect(position.nextAvailable == position.nextUsed)
        let saved = try Record.decode(ConsoleState.self, Record.encode(rig.console.state))
        #expect(saved.ports[0].sent > 0 && saved.ports[0].isGuestOpen && saved.ports[0].name == "slow")
        rig.console.resume()
        for i in 0..<count {
            let got = try ConsoleRig.read(slowHost.descriptor, size)
            let isRight = got.count == size && got.allSatisfy { $0 == UInt8(i) }
            #expect(isRight, "buffer \(i)")
        }
        for _ in 0..<count { #expect(try rig.rig.used(5) != nil) }
        #expect(slow.metrics.snapshot.bytesDropped == 0)
        rig.console.stop()
    }

    @Test("a guest that does not read, or has not opened the port, leaves the bytes in the host's socket")
    func guestBackPressure() throws {
        let (port, host) = try channel()
        let rig = try ConsoleRig([port])
        try rig.say(0, port: 0, value: 1)
        _ = try rig.hear()
        try host.descriptor.setNonblocking()
        var written = 0
        let chunk = [UInt8](repeating: 7, count: 4096)
        func flood() {
            while true {
                let n = chunk.withUnsafeBytes { Glibc.write(host.descriptor.raw, $0.baseAddress, $0.count) }
                guard n > 0 else { return }
                written += n
            }
        }
        flood()
        #expect(written < 4 << 20, "the socket's own buffer is all there is")
        #expect(port.metrics.snapshot.bytesIn == 0)
        _ = try rig.open(1, expecting: 2)
        var got = 0
        while got < written { got += try rig.receive(queue: 4).count }
        #expect(got == written)
        try host.descriptor.writeAll([1, 2, 3])
        #expect(try rig.receive(queue: 4) == [1, 2, 3])
        rig.console.stop()
    }

    @Test("who connects, leaves and comes again is seen by the guest, and others wait their turn")
    func connections() throws {
        let path = "/tmp/apus-port-\(getpid()).sock"
        unlink(path)
        defer { unlink(path) }
        let port = try ConsolePort(Self.agent, listener: try UnixSocket.listen(path))
        let rig = try ConsoleRig([port])
        try rig.say(0, port: 0, value: 1)
        _ = try rig.hear()
        #expect(try rig.open(1, expecting: 1) == [.init(port: 1, event: 7, value: 1, name: Self.agent)])
        try rig.send(Array("to nobody".utf8), queue: 5)
        #expect(port.metrics.snapshot.bytesDropped == 9)
        for round in 0..<5 {
            let first = try UnixSocket.connect(path)
            #expect(try rig.hear() == .init(port: 1, event: 6, value: 1))
            let second = try UnixSocket.connect(path)
            try second.descriptor.writeAll([9, UInt8(round)])
            try first.descriptor.writeAll([8])
            #expect(try rig.receive(queue: 4) == [8])
            try rig.lend(queue: 4)
            shutdown(first.descriptor.raw, Int32(SHUT_RDWR))
            #expect(try rig.hear() == .init(port: 1, event: 6, value: 0))
            #expect(try rig.hear() == .init(port: 1, event: 6, value: 1))
            #expect(try rig.receive(queue: 4, lends: false) == [9, UInt8(round)])
            try rig.send([round == 0 ? 1 : 2], queue: 5)
            #expect(try ConsoleRig.read(second.descriptor, 1) == [round == 0 ? 1 : 2])
            try rig.say(6, port: 1, value: 0)
            shutdown(second.descriptor.raw, Int32(SHUT_RDWR))
            #expect(try rig.hear() == .init(port: 1, event: 6, value: 0))
            try rig.say(6, port: 1, value: 1)
        }
        #expect(port.metrics.snapshot.connections == 10)
        rig.console.stop()
    }

    @Test("what a host sent before it left still reaches a guest that has the port open; a closed port forgets it")
    func lastWords() throws {
        let path = "/tmp/apus-last-\(getpid()).sock"
        unlink(path)
        defer { unlink(path) }
        let rig = try ConsoleRig([try ConsolePort("words", listener: try UnixSocket.listen(path))])
        try rig.say(0, port: 0, value: 1)
        _ = try rig.hear()
        _ = try rig.open(1, expecting: 1)
        do {
            let host = try UnixSocket.connect(path)
            try host.descriptor.writeAll(Array("goodbye".utf8))
        }
        #expect(try rig.hear() == .init(port: 1, event: 6, value: 1))
        #expect(try rig.receive(queue: 4) == Array("goodbye".utf8))
        _ = try rig.rig.queues[4].add([.writable(0x3B_0000, 64)])
        try rig.rig.kick(4)
        #expect(try rig.hear() == .init(port: 1, event: 6, value: 0))
        try rig.say(6, port: 1, value: 0)
        do {
            let host = try UnixSocket.connect(path)
            try host.descriptor.writeAll(Array("nobody is there".utf8))
        }
        #expect(try rig.hear() == .init(port: 1, event: 6, value: 1))
        #expect(try rig.hear() == .init(port: 1, event: 6, value: 0))
        rig.console.stop()
    }

    @Test("a terminal shows the guest's output to a hub without ever waiting, and takes what is typed there")
    func terminal() throws {
        let hub = try ConsoleHub()
        let port = try ConsolePort("tty", hub: hub)
        let rig = try ConsoleRig([port])
        try rig.say(0, port: 0, value: 1)
        _ = try rig.hear()
        _ = try rig.open(0, expecting: 3)
        let pair = try UnixSocket.pair()
        hub.attach(ConsoleStream(try pair.first.descriptor.duplicate(), reads: true, writes: true))
        let input = try #require(port.terminalInput)
        try hub.start(input: input)
        try rig.send(Array("login: ".utf8), queue: 1)
        #expect(try ConsoleRig.read(pair.second.descriptor, 7) == Array("login: ".utf8))
        let typed = [UInt8](repeating: 0x61, count: 5000)
        try pair.second.descriptor.writeAll(typed)
        var got: [UInt8] = []
        while got.count < typed.count { got += try rig.receive(queue: 0, 700) }
        #expect(got == typed)
        // A buffer of 16 MiB is taken at once; what a ring would have forgotten is not even copied.
        _ = try rig.rig.queues[1].add([.readable(0x100_0000, 16 << 20)])
        try rig.rig.kick(1)
        #expect(try rig.rig.used(1) != nil)
        hub.stop()
        rig.console.stop()
    }

    @Test("a driver without ports finds port 0 alone, open")
    func single() throws {
        let hub = try ConsoleHub()
        let (other, host) = try channel()
        defer { _ = host }
        let rig = try ConsoleRig([try ConsolePort("tty", hub: hub), other], features: 0)
        try rig.send(Array("hello".utf8), queue: 1)
        #expect(hub.recentOutput == Array("hello".utf8))
        #expect(rig.console.state.ports[1] == PortState(name: Self.agent))
        rig.console.stop()
    }

    @Test("a saved console goes on with another connection, and its guest hears that the old one has gone")
    func migration() throws {
        let (port, host) = try channel()
        let rig = try ConsoleRig([port])
        try rig.say(0, port: 0, value: 1)
        _ = try rig.hear()
        _ = try rig.open(1, expecting: 2)
        rig.console.pause()
        let saved = try Record.decode(ConsoleState.self, Record.encode(rig.console.state))
        rig.console.stop()
        _ = host

        let path = "/tmp/apus-moved-\(getpid()).sock"
        unlink(path)
        defer { unlink(path) }
        let moved = try ConsoleRig(
            [try ConsolePort(Self.agent, listener: try UnixSocket.listen(path))], starts: false)
        #expect(moved.console.restore(saved))
        #expect(moved.console.ports[0].isGuestOpen)
        moved.console.start(moved.rig.setup(features: ConsoleFeature.multiport | Feature.eventIndex))
        #expect(try moved.hear() == .init(port: 1, event: 6, value: 0))
        let new = try UnixSocket.connect(path)
        #expect(try moved.hear() == .init(port: 1, event: 6, value: 1))
        try new.descriptor.writeAll([5])
        #expect(try moved.receive(queue: 4) == [5])
        moved.console.stop()

        var wrong = saved
        wrong.ports[0].name = "other"
        #expect(!moved.console.restore(wrong))
        wrong = saved
        wrong.ports[0].news = 8
        #expect(!moved.console.restore(wrong))
        #expect(!moved.console.restore(ConsoleState(ports: [])))
    }

    @Test("the owner hears when the guest opens and closes a port")
    func changes() throws {
        let (port, host) = try channel()
        defer { _ = host }
        let heard = Mutex<[Bool]>([])
        let console = try Console([port], onChange: { heard.withLock { $0.append(port.isGuestOpen) } })
        let rig = try WorkerRig(queues: 6)
        console.start(rig.setup(features: ConsoleFeature.multiport))
        for value in [1, 1, 0, 1] as [UInt64] {
            try rig.memory.write((1 | 6 << 32 | value << 48).littleEndian, at: GuestAddress(0x38_0000))
            _ = try rig.queues[3].add([.readable(0x38_0000, 8)])
            try rig.kick(3)
            _ = try rig.used(3)
        }
        console.stop()
        #expect(heard.withLock { $0 } == [true, false, true, false])
    }

    @Test("messages that make no sense are passed over", arguments: 0..<4)
    func hostileMessages(seed: UInt64) throws {
        let (port, host) = try channel()
        defer { _ = host }
        let rig = try ConsoleRig([port])
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let length = UInt32.random(in: 1...16, using: &random)
            let word = UInt64.random(in: 0...(.max), using: &random) & 0x0001_0007_0000_0003
            try rig.rig.memory.write(word.littleEndian, at: GuestAddress(0x38_0000))
            let isWritable = UInt8.random(in: 0..<8, using: &random) == 0
            _ = try rig.rig.queues[3].add([
                isWritable ? .writable(0x38_0000, length) : .readable(0x38_0000, length)
            ])
            try rig.rig.kick(3)
            #expect(try rig.rig.used(3) != nil)
        }
        // Room for the answers was never given again, so no more came than buffers.
        #expect(rig.rig.port.resetRequests == 0)
        rig.console.stop()
        #expect(rig.console.state.ports == [PortState(name: Self.agent)])
    }

    @Test("buffers too small for a message come back empty, and the message comes with the next that fits")
    func smallBuffers() throws {
        let (port, host) = try channel()
        defer { _ = host }
        let console = try Console([port])
        let rig = try WorkerRig(queues: 6)
        console.start(rig.setup(features: ConsoleFeature.multiport | Feature.eventIndex))
        for count: UInt32 in [1, 7, 8] { _ = try rig.queues[2].add([.writable(0x40_0000, count)]) }
        try rig.kick(2)
        try rig.memory.write((UInt64(1) << 48).littleEndian, at: GuestAddress(0x38_0000))
        _ = try rig.queues[3].add([.readable(0x38_0000, 8)])
        try rig.kick(3)
        #expect(try rig.used(2)?.written == 0)
        #expect(try rig.used(2)?.written == 0)
        #expect(try rig.used(2)?.written == 8)
        console.stop()
    }

    @Test("a broken ring stops its own queue and asks for a reset", arguments: [2, 3, 4, 5])
    func broken(queue: Int) throws {
        let (port, host) = try channel()
        let rig = try ConsoleRig([port])
        try rig.say(0, port: 0, value: 1)
        _ = try rig.hear()
        _ = try rig.open(1, expecting: 2)
        try rig.rig.queues[queue].makeAvailable(12_345)
        try host.descriptor.writeAll([1])
        try rig.rig.kick(queue)
        if queue == 2 {
            try rig.say(3, port: 1, value: 1)
            for _ in 0..<14 { _ = try rig.rig.queues[2].takeUsed() }
            try rig.say(3, port: 1, value: 1)
        }
        while rig.rig.port.resetRequests == 0 {
            if queue == 2 { try rig.say(3, port: 1, value: 1) }
            sched_yield()
        }
        rig.console.stop()
    }
}
