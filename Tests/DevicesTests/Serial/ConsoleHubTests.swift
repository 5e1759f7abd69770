// SPDX-License-Identifier: Apache-2.0

import Devices
import Glibc
import Linux
import Synchronization
import Testing

@Suite("Console hub", .serialized)
struct ConsoleHubTests {
    /// Takes input up to a limit that the test moves.
    private final class Keyboard: ConsoleInput {
        struct Typed {
            var bytes: [UInt8] = []
            var limit = Int.max
        }
        let typed = Mutex(Typed())
        func room() -> Int { typed.withLock { $0.limit - $0.bytes.count } }
        func receive(_ bytes: Span<UInt8>) -> Int {
            typed.withLock { t in
                let n = min(t.limit - t.bytes.count, bytes.count)
                for i in 0..<n { t.bytes.append(bytes[i]) }
                return n
            }
        }
        var bytes: [UInt8] { typed.withLock { $0.bytes } }
    }

    private final class Client: Sendable {
        let socket: UnixSocket
        init(_ path: String) throws { socket = try UnixSocket.connect(path) }

        /// Reads until `count` bytes or the end came.
        func read(_ count: Int) throws -> [UInt8] {
            var all: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while all.count < count {
                let limit = min(count - all.count, chunk.count)
                let n = try unsafe chunk.withUnsafeMutableBytes {
                    try unsafe socket.descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<limit]))
                }
                if n == 0 { break }
                all += chunk[..<n]
            }
            return all
        }
    }

    private func path() -> String { "/tmp/apus-console-\(getpid())-\(UInt32.random(in: 0...UInt32.max))" }
    private func pattern(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) } }
    private func send(_ bytes: [UInt8], to hub: ConsoleHub) { for byte in bytes { hub.transmit(byte) } }
    /// Waits for something another thread does.
    private func eventually(_ condition: () -> Bool) { while !condition() { usleep(500) } }

    private func withHub(
        _ keyboard: Keyboard = Keyboard(), _ body: (ConsoleHub, Keyboard, String) throws -> Void
    ) throws {
        let path = path()
        defer { unlink(path) }
        let hub = try ConsoleHub()
        try hub.listen(on: UnixSocket.listen(path, backlog: 64))
        try hub.start(input: keyboard)
        defer { hub.stop() }
        try body(hub, keyboard, path)
    }

    @Test("a late client sees exactly the last 64 KiB", arguments: [0, 1, 65_535, 65_536, 65_537, 300_000])
    func late(written: Int) throws {
        try withHub { hub, _, path in
            send(pattern(0..<written), to: hub)
            let client = try Client(path)
            let kept = min(written, 65_536)
            #expect(try client.read(kept) == pattern(written - kept..<written))
            #expect(hub.recentOutput == pattern(written - kept..<written))
            // And then what follows, nothing twice and nothing lost.
            send([0xAA, 0xBB], to: hub)
            #expect(try client.read(2) == [0xAA, 0xBB])
        }
    }

    @Test("many clients get everything while dead and stalled ones hang on")
    func many() throws {
        try withHub { hub, _, path in
            let stalled = try (0..<4).map { _ in try Client(path) }
            let readers = try (0..<12).map { _ in try Client(path) }
            do { _ = try (0..<8).map { _ in try Client(path) } }
            let all = pattern(0..<40_000)
            send(all, to: hub)
            for reader in readers { #expect(try reader.read(all.count) == all) }
            // Far more than the stalled clients' sockets and the ring hold.
            for round in 1...40 {
                let more = pattern(round * 50_000..<(round + 1) * 50_000)
                send(more, to: hub)
                for reader in readers { #expect(try reader.read(more.count) == more) }
            }
            // A stalled client that wakes up goes on with the newest 64 KiB at the end.
            send([1, 2, 3, 0xEE, 0xDD], to: hub)
            let last: [UInt8] = [1, 2, 3, 0xEE, 0xDD]
            var tail: [UInt8] = []
            while tail.last != last.last || Array(tail[max(tail.count - 5, 0)...]) != last {
                tail += try stalled[0].read(1)
            }
            #expect(tail.count < 40_000 + 40 * 50_000)
            #expect(tail.starts(with: all.prefix(1000)))
        }
    }

    @Test("input goes to the guest in order and waits for it")
    func input() throws {
        let keyboard = Keyboard()
        keyboard.typed.withLock { $0.limit = 10 }
        try withHub(keyboard) { hub, keyboard, path in
            let client = try Client(path)
            let text = pattern(0..<5000)
            try client.socket.descriptor.writeAll(text)
            var limit = 10
            while limit < 5000 {
                eventually { keyboard.bytes.count == limit }
                limit += 499
                keyboard.typed.withLock { $0.limit = limit }
                hub.inputHasRoom()
            }
            eventually { keyboard.bytes.count == 5000 }
            #expect(keyboard.bytes == text)
        }
    }

    @Test("what a client typed before it hung up still arrives")
    func lastWords() throws {
        try withHub { _, keyboard, path in
            do {
                let client = try Client(path)
                try client.socket.descriptor.writeAll(Array("reboot\n".utf8))
            }
            eventually { keyboard.bytes.count == 7 }
            #expect(keyboard.bytes == Array("reboot\n".utf8))
        }
    }

    @Test("a client that ends its input goes on getting output")
    func halfClosed() throws {
        try withHub { hub, keyboard, path in
            let client = try Client(path)
            try client.socket.descriptor.writeAll([9])
            #expect(shutdown(client.socket.descriptor.raw, Int32(SHUT_WR)) == 0)
            eventually { keyboard.bytes == [9] }
            for round in 0..<5 {
                send([UInt8(round)], to: hub)
                #expect(try client.read(1) == [UInt8(round)])
            }
        }
    }

    @Test("clients beyond the limit are hung up on, and there is room again when one leaves")
    func limit() throws {
        try withHub { hub, _, path in
            hub.transmit(0x2A)
            var clients: [Client] = []
            for _ in 0..<ConsoleHub.clientLimit {
                let client = try Client(path)
                #expect(try client.read(1) == [0x2A])
                clients.append(client)
            }
            #expect(try Client(path).read(1) == [])
            clients.removeLast(3)
            // The hub learns of the hang-up in its own time.
            while try Client(path).read(1) != [0x2A] { usleep(500) }
        }
    }

    @Test("at the end readers get what is left and then the end of file")
    func end() throws {
        let path = path()
        defer { unlink(path) }
        let hub = try ConsoleHub()
        try hub.listen(on: UnixSocket.listen(path))
        try hub.start(input: Keyboard())
        let client = try Client(path), stalled = try Client(path)
        hub.transmit(1)
        #expect(try client.read(1) == [1])
        #expect(try stalled.read(1) == [1])
        let got = Received()
        let reader = try OSThread(name: "reader") { got.bytes.withLock { $0 = (try? client.read(100_000)) ?? [] } }
        send(pattern(0..<60_000), to: hub)
        hub.stop()
        reader.join()
        #expect(got.bytes.withLock { $0 } == pattern(0..<60_000))
        // One that does not read got a beginning and was not waited for.
        let beginning = try stalled.read(100_000)
        #expect(pattern(0..<60_000).starts(with: beginning))
    }

    private final class Received: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    @Test("a stream's output end may be a file, its input a pipe that ends")
    func streams() throws {
        let hub = try ConsoleHub(), keyboard = Keyboard()
        let log = try FileDescriptor.memory(named: "log")
        let pair = try UnixSocket.pair()
        let typist = pair.second
        send(pattern(0..<1000), to: hub)
        hub.attach(ConsoleStream(try log.duplicate(), reads: false, writes: true))
        try hub.start(input: keyboard)
        hub.attach(ConsoleStream(try pair.first.descriptor.duplicate(), reads: true, writes: false))
        try typist.descriptor.writeAll([5, 6, 7])
        eventually { keyboard.bytes == [5, 6, 7] }
        #expect(shutdown(typist.descriptor.raw, Int32(SHUT_WR)) == 0)
        send(pattern(1000..<70_000), to: hub)
        hub.stop()
        var bytes = [UInt8](repeating: 0, count: 70_000)
        let n = try unsafe bytes.withUnsafeMutableBytes { try unsafe log.read(into: $0, at: 0) }
        // A file never stalls; but a writer as fast as this loop may lap it.
        #expect(Array(bytes[..<n].suffix(256)) == pattern(69_744..<70_000))
    }

    @Test("the start hook runs on the console's thread, and stopping twice is one stop")
    func hooks() throws {
        let hub = try ConsoleHub()
        let box = Box(0)
        try hub.start(input: Keyboard()) { box.number.store(OSThread.currentID, ordering: .releasing) }
        hub.stop()
        hub.stop()
        #expect(box.number.load(ordering: .acquiring) != 0)
        #expect(box.number.load(ordering: .acquiring) != OSThread.currentID)
        hub.transmit(1)
    }

    private final class Box: Sendable {
        let number: Atomic<Int32>
        init(_ value: Int32) { number = Atomic(value) }
    }

    @Test("a guest behind a serial port and a client talk to each other")
    func throughThePort() throws {
        let path = path()
        defer { unlink(path) }
        let hub = try ConsoleHub()
        let serial = Serial(interrupt: .none, sink: hub)
        try hub.listen(on: UnixSocket.listen(path))
        try hub.start(input: serial)
        defer { hub.stop() }
        serial.write(offset: 2, size: 1, value: 1)
        let client = try Client(path)
        let text = pattern(0..<20_000)
        let typist = try OSThread(name: "typist") { try? client.socket.descriptor.writeAll(text) }
        // The guest echoes what it reads.
        var echoed = 0
        while echoed < text.count {
            guard serial.read(offset: 5, size: 1) & 1 == 1 else {
                usleep(50)
                continue
            }
            serial.write(offset: 0, size: 1, value: serial.read(offset: 0, size: 1))
            echoed += 1
        }
        typist.join()
        #expect(try client.read(text.count) == text)
    }
}
