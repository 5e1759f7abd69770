// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("The entropy device")
struct RNGTests {
    private func start(_ source: consuming EntropySource = .kernel) throws -> (RNG, WorkerRig) {
        let rig = try WorkerRig(queues: 1)
        let device = try RNG(source)
        #expect(device.kind == .entropy && device.offeredFeatures == 0)
        device.start(rig.setup(features: Feature.eventIndex))
        return (device, rig)
    }

    private func request(_ rig: WorkerRig, _ buffers: [DriverBuffer]) throws -> UInt32? {
        _ = try rig.queues[0].add(buffers)
        try rig.kick(0)
        return try rig.used(0)?.written
    }

    @Test("every request is filled with bytes that differ from the last")
    func fills() throws {
        let (device, rig) = try start()
        var seen = Set<[UInt8]>()
        for _ in 0..<20 {
            #expect(try request(rig, [.writable(0x10_0000, 10), .writable(0x10_1001, 54)]) == 64)
            seen.insert(
                try rig.memory.read(at: GuestAddress(0x10_0000), count: 10)
                    + rig.memory.read(at: GuestAddress(0x10_1001), count: 54))
        }
        #expect(seen.count == 20)
        #expect(device.metrics.requests == 20 && device.metrics.bytes == 1280)
        device.stop()
    }

    @Test("a huge request gets 64 KiB, and nothing behind them is touched")
    func bounded() throws {
        let (device, rig) = try start()
        #expect(try request(rig, [.writable(0x10_0000, 60_000), .writable(0x20_0000, 1 << 20)]) == 65_536)
        #expect(try rig.memory.read(at: GuestAddress(0x20_0000 + 5536), count: 64) == [UInt8](repeating: 0, count: 64))
        device.stop()
    }

    @Test("readable buffers are ignored and a request without room comes back empty")
    func noRoom() throws {
        let (device, rig) = try start()
        #expect(try request(rig, [.readable(0x10_0000, 64)]) == 0)
        #expect(try request(rig, [.readable(0x10_0000, 64), .writable(0x11_0000, 8)]) == 8)
        #expect(try rig.memory.read(at: GuestAddress(0x10_0000), count: 64) == [UInt8](repeating: 0, count: 64))
        device.stop()
    }

    @Test("a source of one's own is used as long as it lasts, then the kernel's")
    func ownSource() throws {
        let file = try FileDescriptor.memory(named: "entropy")
        try file.writeAll([UInt8](repeating: 0xA5, count: 48))
        lseek(file.raw, 0, SEEK_SET)
        let (device, rig) = try start(.descriptor(file))
        #expect(try request(rig, [.writable(0x10_0000, 32)]) == 32)
        #expect(try rig.memory.read(at: GuestAddress(0x10_0000), count: 32) == [UInt8](repeating: 0xA5, count: 32))
        #expect(try request(rig, [.writable(0x10_0000, 64)]) == 64)
        let mixed = try rig.memory.read(at: GuestAddress(0x10_0000), count: 64)
        #expect(mixed.prefix(16).allSatisfy { $0 == 0xA5 })
        #expect(Set(mixed.suffix(48)).count > 8)
        device.stop()
    }

    @Test("a broken ring asks for a reset, and the device works again after it")
    func broken() throws {
        let (device, rig) = try start()
        try rig.queues[0].makeAvailable(12_345)
        try rig.kick(0)
        // A pause may be seen before the bell.
        while rig.port.resetRequests == 0 { Pause.briefly() }
        device.pause()
        #expect(rig.port.resetRequests == 1)
        device.resume()
        device.stop()
        let again = try WorkerRig(queues: 1)
        device.start(again.setup(features: 0))
        #expect(try request(again, [.writable(0x10_0000, 16)]) == 16)
        device.stop()
    }
}
