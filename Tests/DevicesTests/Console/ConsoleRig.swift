// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import TestSupport
import Testing
import Virtio

@testable import Devices

/// A console with its thread, and a driver that speaks its control queues: written from virtio 1.2 §5.3 alone.
final class ConsoleRig {
    struct News: Equatable {
        var port: UInt32
        var event: UInt16
        var value: UInt16
        var name = ""
    }

    let console: Console
    let rig: WorkerRig
    private var addresses: [UInt16: UInt64] = [:]
    private var next: UInt64 = 0x40_0000

    init(
        _ ports: [ConsolePort], features: UInt64 = ConsoleFeature.multiport, starts: Bool = true,
        layout: RingLayout = .split
    ) throws {
        console = try Console(ports)
        rig = try WorkerRig(queues: console.queueSizes.count, layout: layout)
        if starts { console.start(rig.setup(features: features | Feature.eventIndex)) }
        for _ in 0..<16 { try offer(2, 256) }
        try rig.kick(2)
    }

    /// Lends the device a buffer to write.
    func offer(_ queue: Int, _ count: UInt32) throws {
        let at = next
        next += (UInt64(count) + 63) & ~63
        if next > 0x380_0000 { next = 0x40_0000 }
        guard let head = try rig.queues[queue].add([.writable(at, count)]) else { return }
        if queue == 2 { addresses[head] = at }
    }

    /// Says something on the control queue.
    func say(_ event: UInt16, port: UInt32, value: UInt16) throws {
        let word = UInt64(port) | UInt64(event) << 32 | UInt64(value) << 48
        try rig.memory.write(word.littleEndian, at: GuestAddress(0x38_0000))
        _ = try rig.queues[3].add([.readable(0x38_0000, 8)])
        try rig.kick(3)
        #expect(try rig.used(3)?.written == 0)
    }

    /// The next thing the device says, waiting for it.
    func hear() throws -> News {
        let used = try #require(try rig.used(2))
        let address = addresses.removeValue(forKey: used.head)
        let at = try #require(address)
        let bytes = try rig.memory.read(at: GuestAddress(at), count: Int(used.written))
        try offer(2, 256)
        try rig.kick(2)
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
        }
        return News(
            port: UInt32(number(0..<4)), event: UInt16(number(4..<6)), value: UInt16(number(6..<8)),
            name: String(decoding: bytes[8...], as: UTF8.self))
    }

    /// Sets a port up as Linux does and opens it; returns what the device said.
    func open(_ port: UInt32, expecting count: Int) throws -> [News] {
        try say(3, port: port, value: 1)
        let news = try (0..<count).map { _ in try hear() }
        try say(6, port: port, value: 1)
        return news
    }

    /// Sends bytes from the guest and waits until the device has taken them.
    func send(_ bytes: [UInt8], queue: Int) throws {
        try rig.memory.write(bytes, at: GuestAddress(0x39_0000))
        _ = try rig.queues[queue].add([.readable(0x39_0000, UInt32(bytes.count))])
        try rig.kick(queue)
        #expect(try rig.used(queue)?.written == 0)
    }

    private static let inbox: UInt64 = 0x3A_0000

    /// Lends the device a buffer to receive into; a device without one does not look at what its host has to say.
    func lend(queue: Int, _ count: UInt32 = 4096) throws {
        _ = try rig.queues[queue].add([.writable(Self.inbox, count)])
        try rig.kick(queue)
    }

    /// Receives at least one byte into a buffer of the guest's, by default one that is lent now.
    func receive(queue: Int, _ count: UInt32 = 4096, lends: Bool = true) throws -> [UInt8] {
        if lends { try lend(queue: queue, count) }
        let used = try #require(try rig.used(queue))
        return try rig.memory.read(at: GuestAddress(Self.inbox), count: Int(used.written))
    }

    /// The host's side of a socket: reads exactly this many bytes.
    static func read(_ socket: borrowing FileDescriptor, _ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            var wait = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, 10_000) == 1 else { return all }
            var chunk = [UInt8](repeating: 0, count: count - all.count)
            let got = chunk.withUnsafeMutableBytes { Glibc.read(socket.raw, $0.baseAddress, $0.count) }
            guard got > 0 else { return all }
            all += chunk[..<got]
        }
        return all
    }
}

/// A socket that a tuple can hold.
final class HostEnd {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
