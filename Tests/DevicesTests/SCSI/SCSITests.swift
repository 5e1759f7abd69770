// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import TestSupport
import Testing

@testable import Devices

@Suite("A SCSI unit and its driver")
struct SCSITests {
    typealias R = SCSIRig
    typealias Answer = SCSIRig.Answer
    static let image = BlockTests.pattern(512 * 100)

    @Test("what is written is read back, by every length of command block", arguments: [6, 10, 12, 16], [nil, 5, 51])
    func roundTrip(length: Int, cuts: Int?) throws {
        let rig = try SCSIRig()
        let data = BlockTests.pattern(1024, seed: 9)
        let (read, write): ([UInt8], [UInt8]) =
            switch length {
            case 6: ([0x08, 0, 0, 7, 2, 0], [0x0A, 0, 0, 7, 2, 0])
            case 10: (R.ten(0x28, 7, 2), R.ten(0x2A, 7, 2))
            case 12: ([0xA8, 0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0], [0xAA, 0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0])
            default: (R.sixteen(0x88, 7, 2), R.sixteen(0x8A, 7, 2))
            }
        #expect(try rig.run(write, out: data, cuts: cuts) == Answer(written: 108))
        #expect(try rig.run(read, room: 1024, cuts: cuts) == Answer(data: data, written: 1132))
        #expect(rig.metrics.reads == 1 && rig.metrics.writes == 1 && rig.metrics.bytesRead == 1024)
    }

    @Test("room that is too small is an overrun, and room to spare is told")
    func residuals() throws {
        let rig = try SCSIRig()
        #expect(try rig.run(R.ten(0x28, 0, 2), room: 512) == Answer(response: 1, written: 108))
        #expect(try rig.run(R.ten(0x2A, 0, 2), out: [1, 2, 3]) == Answer(response: 1, written: 108))
        #expect(try rig.run(R.ten(0x28, 0, 1), room: 600)?.residual == 88)
        #expect(try rig.run([0x12, 0, 0, 0, 255, 0], room: 255)?.residual == 159)
        #expect(try rig.run([0x12, 0, 0, 0, 5, 0], room: 255)?.data.count == 5)
        #expect(try rig.run([0x12, 0, 0, 0, 255, 0], room: 8)?.data.count == 8)
        #expect(try rig.run(R.ten(0x28, 0, 0), room: 16) == Answer(residual: 16, written: 108))
    }

    @Test("strangers are told so", arguments: [(0, UInt8(1), UInt8(3)), (300, 0, 12), (0, 200, 3)])
    func addresses(unit: Int, target: UInt8, response: UInt8) throws {
        #expect(try SCSIRig().run([0], unit: unit, target: target)?.response == response)
    }

    @Test("a number without a unit answers what every number must")
    func absent() throws {
        let rig = try SCSIRig()
        #expect(try rig.run([0x12, 0, 0, 0, 36, 0], room: 36, unit: 5)?.data.first == 0x7F)
        #expect(try rig.run([0], unit: 5)?.sense == .noUnit)
        #expect(try rig.run([0x03, 0, 0, 0, 18, 0], room: 18, unit: 5)?.data[12] == 0x25)
        let list = try #require(try rig.run([0xA0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], room: 256, unit: 5)?.data)
        #expect(list == [0, 0, 0, 8, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8))
    }

    @Test("chains without room for an answer are given back, with data both ways refused")
    func malformed() throws {
        let rig = try SCSIRig()
        for (out, room) in [(19, 108), (50, 108), (51, 107), (51, 0)] {
            try rig.memory.write([UInt8](repeating: 0, count: out), at: .init(0x10_0000))
            var buffers: [DriverBuffer] = [.readable(0x10_0000, UInt32(out))]
            if room > 0 { buffers.append(.writable(0x11_0000, UInt32(room))) }
            _ = try rig.queue.add(buffers)
            try rig.queue.publish()
            rig.work.kicked(queue: 2)
            #expect(try rig.queue.takeUsed()?.written == 0)
        }
        #expect(try rig.run([0], out: [1], room: 1)?.response == 9)
    }

    @Test("INQUIRY tells what the unit is, page by page")
    func inquiry() throws {
        let disk = try SCSIRig()
        let standard = try #require(try disk.run([0x12, 0, 0, 0, 96, 0], room: 96)?.data)
        #expect(standard.count == 96 && standard[0] == 0 && standard[2] == 6 && standard[4] == 91)
        #expect(String(decoding: standard[8..<32], as: UTF8.self) == "APUS    HARDDISK        ")
        func page(_ number: UInt8) throws -> [UInt8] {
            let data = try #require(try disk.run([0x12, 1, number, 0, 255, 0], room: 255)?.data)
            #expect(data[1] == number && Int(data[2]) << 8 | Int(data[3]) == data.count - 4)
            return Array(data.dropFirst(4))
        }
        #expect(try page(0) == [0x00, 0x80, 0x83, 0xB0, 0xB1, 0xB2])
        #expect(try page(0x80) == Array("s-1".utf8))
        #expect(try page(0x83) == [2, 1, 0, 11] + Array("APUS    s-1".utf8))
        let limits = try page(0xB0)
        #expect(limits.count == 60 && limits[0] == 1)
        #expect(limits[16..<24] == [0, 0x20, 0, 0, 0, 0, 0, 32], "2^21 blocks in a range, 32 ranges")
        #expect(try page(0xB1)[0..<2] == [0, 1])
        #expect(try page(0xB2) == [0, 0xE0, 2, 0])
        #expect(try disk.run([0x12, 1, 0xB9, 0, 255, 0], room: 255)?.sense == .invalidField)
        #expect(try disk.run([0x12, 0, 0x80, 0, 255, 0], room: 255)?.sense == .invalidField)
        let drive = try SCSIRig(readOnly: true, kind: .optical)
        let optical = try #require(try drive.run([0x12, 0, 0, 0, 96, 0], room: 96)?.data)
        #expect(optical[0] == 5 && optical[1] == 0x80)
        #expect(try drive.run([0x12, 1, 0xB0, 0, 255, 0], room: 255)?.sense == .invalidField)
    }

    @Test("capacities are told in the unit's own blocks", arguments: [512, 1024, 4096])
    func capacity(blockBytes: Int) throws {
        let rig = try SCSIRig([UInt8](repeating: 0, count: 4096 * 10), blockBytes: blockBytes)
        let last = UInt8(4096 * 10 / blockBytes - 1)
        let size = R.be(UInt32(blockBytes))
        #expect(try rig.run([0x25], room: 8)?.data == [0, 0, 0, last] + size)
        let long = try #require(
            try rig.run([0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0], room: 32)?.data)
        let wanted: [UInt8] = [0, 0, 0, 0, 0, 0, 0, last] + size
        #expect(Array(long.prefix(12)) == wanted)
        #expect(long[13] == UInt8((4096 / blockBytes).trailingZeroBitCount) && long[14] == 0x80)
        #expect(try rig.run(R.ten(0x28, UInt32(last), 1), room: blockBytes)?.data.count == blockBytes)
    }

    @Test("the write cache can be switched, and nothing else")
    func modes() throws {
        let log = ImageLog()
        let rig = try SCSIRig(log: log)
        let page: [UInt8] = [8, 18, 4] + [UInt8](repeating: 0, count: 17)
        #expect(try rig.run([0x1A, 8, 8, 0, 255, 0], room: 255)?.data == [23, 0, 0x10, 0] + page)
        #expect(try rig.run([0x1A, 8, 0x48, 0, 255, 0], room: 255)?.data.dropFirst(6).first == 4)
        #expect(try rig.run([0x1A, 8, 0xC8, 0, 255, 0], room: 255)?.sense == .noSavedPages)
        #expect(try rig.run([0x1A, 8, 0x2A, 0, 255, 0], room: 255)?.sense == .invalidField)
        let all = try #require(try rig.run([0x5A, 0, 0x3F, 0, 0, 0, 0, 0, 255, 0], room: 255)?.data)
        #expect(Int(all[1]) == all.count - 2 && all[7] == 8 && all[8..<16] == [0, 0, 0, 100, 0, 0, 2, 0])
        let off: [UInt8] = [0, 0, 0, 0, 8, 18, 0] + [UInt8](repeating: 0, count: 17)
        #expect(try rig.run([0x15, 0x10, 0, 0, 24, 0], out: off) == Answer(written: 108))
        #expect(log.flushes.load(ordering: .relaxed) == 1, "what was cached is flushed")
        #expect(try rig.run([0x1A, 8, 8, 0, 255, 0], room: 255)?.data[6] == 0)
        _ = try rig.run(R.ten(0x2A, 0, 1), out: BlockTests.pattern(512))
        #expect(log.unflushedWrites.load(ordering: .relaxed) == 0, "every write is flushed now")
        var bad = off
        bad[10] = 1
        #expect(try rig.run([0x15, 0x10, 0, 0, 24, 0], out: bad)?.sense == .invalidParameter)
        #expect(try rig.run([0x15, 0x10, 0, 0, 20, 0], out: Array(off.prefix(20)))?.sense == .parameterLength)
        #expect(try rig.run([0x15, 0x10, 0, 0, 3, 0], out: [0, 0, 0])?.sense == .parameterLength)
        let readOnly = try SCSIRig(readOnly: true)
        #expect(try readOnly.run([0x1A, 8, 8, 0, 255, 0], room: 255)?.data[2] == 0x90)
    }

    @Test("a write with FUA is on stable storage when it is answered")
    func durable() throws {
        let log = ImageLog()
        let rig = try SCSIRig(log: log)
        _ = try rig.run(R.ten(0x2A, 0, 1), out: BlockTests.pattern(512))
        #expect(log.unflushedWrites.load(ordering: .relaxed) == 1)
        _ = try rig.run(R.ten(0x2A, 0, 1, flags: 8), out: BlockTests.pattern(512))
        #expect(log.unflushedWrites.load(ordering: .relaxed) == 0)
        _ = try rig.run(R.ten(0x35, 0, 0))
        #expect(log.flushes.load(ordering: .relaxed) == 2)
    }

    @Test("UNMAP forgets ranges, all judged before the first")
    func unmap() throws {
        let rig = try SCSIRig()
        func list(_ ranges: [(UInt64, UInt32)]) -> [UInt8] {
            var body: [UInt8] = []
            for (first, count) in ranges { body += R.be(first) + R.be(count) + [0, 0, 0, 0] }
            return R.be(UInt16(body.count + 6)) + R.be(UInt16(body.count)) + [0, 0, 0, 0] + body
        }
        func unmap(_ list: [UInt8]) throws -> Answer? {
            try rig.run([0x42, 0, 0, 0, 0, 0, 0] + R.be(UInt16(list.count)) + [0], out: list)
        }
        #expect(try unmap(list([(3, 2), (9, 1), (50, 0)])) == Answer(written: 108))
        #expect(try rig.run(R.ten(0x28, 3, 2), room: 1024)?.data == [UInt8](repeating: 0, count: 1024))
        #expect(try rig.run(R.ten(0x28, 9, 1), room: 512)?.data == [UInt8](repeating: 0, count: 512))
        #expect(try unmap(list([(20, 1), (99, 2)]))?.sense == .outOfRange)
        #expect(try rig.run(R.ten(0x28, 20, 1), room: 512)?.data == Array(Self.image[(20 * 512)..<(21 * 512)]))
        #expect(try unmap(list([(UInt64, UInt32)](repeating: (0, 1), count: 33)))?.sense == .invalidParameter)
        #expect(try unmap([0, 0, 0, 16, 0, 0, 0, 0])?.sense == .parameterLength)
        #expect(try unmap([0, 0, 0])?.sense == .parameterLength)
        #expect(rig.metrics.discards == 1)
    }

    @Test("WRITE SAME writes one block everywhere, zeros or not")
    func writeSame() throws {
        let rig = try SCSIRig([UInt8](repeating: 7, count: 3 << 20))
        let block = BlockTests.pattern(512, seed: 4)
        #expect(try rig.run(R.ten(0x41, 10, 4000), out: block) == Answer(written: 108))
        for at in [10, 11, 2057, 2058, 4009] as [UInt32] {
            #expect(try rig.run(R.ten(0x28, at, 1), room: 512)?.data == block, "\(at)")
        }
        #expect(try rig.run(R.ten(0x28, 4010, 1), room: 512)?.data == [UInt8](repeating: 7, count: 512))
        #expect(try rig.run(R.sixteen(0x93, 0, 100, flags: 9)) == Answer(written: 108))
        #expect(try rig.run(R.ten(0x28, 99, 1), room: 512)?.data == [UInt8](repeating: 0, count: 512))
        #expect(try rig.run(R.ten(0x41, 0, 1), out: [1])?.response == 1)
        #expect(rig.metrics.zeroings == 2)
    }

    @Test("REPORT SUPPORTED OPERATION CODES tells what is known, one or all")
    func operations() throws {
        let rig = try SCSIRig()
        func ask(_ options: UInt8, _ code: UInt8, _ action: UInt16 = 0) throws -> Answer? {
            try rig.run([0xA3, 0x0C, options, code] + R.be(action) + R.be(UInt32(4096)) + [0, 0], room: 4096)
        }
        let all = try #require(try ask(0, 0)?.data)
        #expect((all.count - 4) % 8 == 0 && all.count > 8 * 20)
        #expect(try ask(1, 0x28)?.data.prefix(4) == [0, 3, 0, 10])
        #expect(try ask(1, 0xFE)?.data == [0, 1, 0, 0])
        #expect(try ask(1, 0x43)?.data == [0, 1, 0, 0], "of a disk it is not")
        #expect(try ask(1, 0x9E)?.sense == .invalidField)
        #expect(try ask(2, 0x9E, 0x10)?.data.prefix(4) == [0, 3, 0, 16])
        #expect(try ask(3, 0x9E, 0x11)?.data == [0, 1, 0, 0])
        #expect(try ask(0x81, 0x28)?.data.count == 4 + 10 + 12)
    }

    @Test("a condition is told once, before the next command, but not to who asks what is new")
    func attention() throws {
        let rig = try SCSIRig()
        rig.unit.raise(.reset)
        rig.unit.raise(.capacityChanged)
        #expect(try rig.run([0x12, 0, 0, 0, 36, 0], room: 36)?.status == 0)
        #expect(try rig.run([0])?.sense == Sense(6, 0x29, 0))
        #expect(try rig.run([0x03, 0, 0, 0, 18, 0], room: 18)?.data[12...13] == [0x2A, 9])
        #expect(try rig.run([0])?.sense == Sense.none)
        #expect(try rig.run([0x03, 1, 0, 0, 18, 0], room: 18)?.data == [0x72, 0, 0, 0, 0, 0, 0, 0])
        rig.unit.raise(.unitsChanged)
        _ = try rig.run([0xA0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], room: 256)
        #expect(try rig.run([0])?.sense == Sense.none, "the list was read")
    }

    @Test(
        "what the host fails is told as sense data",
        arguments: [
            (EIO, false, Sense.writeError), (EIO, true, .readError), (ENOSPC, false, .noSpace),
            (EOPNOTSUPP, false, .invalidOperation),
        ])
    func failures(code: Int32, reads: Bool, sense: Sense) throws {
        let log = ImageLog()
        let rig = try SCSIRig(log: log)
        log.failure.store(code, ordering: .relaxed)
        let answer =
            reads
            ? try rig.run(R.ten(0x28, 0, 1), room: 512)
            : try rig.run(R.ten(0x2A, 0, 1), out: Self.image.dropLast(99 * 512))
        #expect(answer?.sense == sense && answer?.status == 2)
        #expect(answer?.residual == 512 && rig.metrics.failures == 1)
    }

    @Test("smaller command blocks and sense data are served as the driver asked")
    func sizes() throws {
        let rig = try SCSIRig()
        rig.shared.senseBytes.store(18, ordering: .relaxed)
        rig.shared.commandBytes.store(16, ordering: .relaxed)
        #expect(try rig.run(R.ten(0x28, 1, 1), room: 512)?.data == Array(Self.image[512..<1024]))
        #expect(try rig.run([0xFF])?.sense == .invalidOperation)
    }

    @Test("nothing a driver can put on the ring harms the device: 40,000 hostile requests", arguments: [1, 4])
    func hostile(depth: Int) throws {
        func make() throws -> (SCSIRig, EngineHandle) {
            let engine = EngineHandle.holding(try DeferringEngine(ModelEngine(Self.image), depth: depth))
            return (try SCSIRig(engine), engine)
        }
        var (rig, engine) = try make()
        var random = SeededRandom(seed: 5 + UInt64(depth))
        let codes = SCSIOperation.all.map(\.code)
        var answered = 0
        for step in 0..<20_000 {
            if rig.port.resetRequests > 0 { (rig, engine) = try make() }
            var block = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            block[0] = codes[Int.random(in: 0..<codes.count, using: &random)]
            if Bool.random(using: &random) { for i in 1..<16 { block[i] = UInt8.random(in: 0...3, using: &random) } }
            let out = Bool.random(using: &random) ? Int.random(in: 0...1600, using: &random) : 0
            let room = out == 0 ? Int.random(in: 0...1600, using: &random) : 0
            _ = try rig.add(
                block, out: BlockTests.pattern(out, seed: random.next()), room: room,
                at: SCSIRig.scratch + UInt64.random(in: 0...4000, using: &random),
                unit: Int.random(in: 0...9, using: &random) == 0 ? 1 : 0, cuts: Int.random(in: 1...60, using: &random))
            if Int.random(in: 0..<60, using: &random) == 0 {
                try rig.queue.write(
                    DriverDescriptor(
                        address: random.next() >> UInt64.random(in: 0...50, using: &random),
                        length: UInt32(truncatingIfNeeded: random.next()) >> UInt32.random(in: 0...31, using: &random),
                        flags: UInt16.random(in: 0...7, using: &random), next: UInt16.random(in: 0...70, using: &random)
                    ),
                    index: Int.random(in: 0..<64, using: &random))
            }
            try rig.queue.publish()
            rig.work.kicked(queue: 2)
            engine.drain()
            rig.work.ready(token: 0, readiness: .readable)
            while rig.port.resetRequests == 0, try rig.queue.takeUsed() != nil { answered += 1 }
            if step % 1000 == 0 { rig.work.quiesce() }
        }
        #expect(answered > 5000)
    }

    @Test("reads and writes allocate nothing once the queue runs")
    func allocations() throws {
        let rig = try SCSIRig()
        func fill() throws {
            for i in 0..<8 {
                _ = try rig.add(R.ten(0x28, UInt32(i), 1), room: 512, at: 0x10_0000 + UInt64(i) * 0x2000)
            }
            try rig.queue.publish()
        }
        try fill()
        rig.work.kicked(queue: 2)
        while try rig.queue.takeUsed() != nil {}
        try fill()
        #expect(AllocationCount.during { rig.work.kicked(queue: 2) } == 0)
    }
}
