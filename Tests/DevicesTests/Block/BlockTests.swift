// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A disk and its driver")
struct BlockTests {
    typealias Rig = BlockRig<ModelEngine>

    static func pattern(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    func rig(
        _ bytes: [UInt8] = BlockTests.pattern(512 * 100), readOnly: Bool = false, features: UInt64? = nil,
        log: ImageLog = ImageLog()
    ) throws -> Rig {
        try Rig(ModelEngine(bytes, readOnly: readOnly, log: log), features: features)
    }

    @Test("what is written is read back, and the used length counts the bytes the device wrote")
    func roundTrip() throws {
        let rig = try rig()
        #expect(try rig.write(sector: 5, Self.pattern(2048, seed: 9)) == .init(status: 0, written: 1, data: []))
        #expect(
            try rig.read(sector: 5, bytes: 2048) == .init(status: 0, written: 2049, data: Self.pattern(2048, seed: 9)))
        #expect(try rig.read(sector: 9, bytes: 512)?.data == Array(Self.pattern(512 * 100)[(9 * 512)..<(10 * 512)]))
        let metrics = rig.metrics
        #expect(metrics.reads == 2 && metrics.bytesRead == 2560 && metrics.writes == 1 && metrics.bytesWritten == 2048)
    }

    struct Layout: Sendable, CustomTestStringConvertible {
        var name: String
        var readCuts: [Int] = []
        var writeCuts: [Int] = []
        var indirect: UInt64?
        var testDescription: String { name }
    }

    /// Cuts of a chain of 16 + 1024 readable bytes, or of 16 readable and 1024 + 1 writable ones.
    static let layouts = [
        Layout(name: "everything in one piece"),
        Layout(name: "header, data and status apart", readCuts: [16], writeCuts: [1024]),
        Layout(name: "a header of two halves", readCuts: [8, 16], writeCuts: [1024]),
        Layout(name: "a header byte by byte", readCuts: Array(1...16)),
        Layout(name: "data that share a piece with the header", readCuts: [20, 600]),
        Layout(name: "a status that shares a piece with data", writeCuts: [1000]),
        Layout(name: "data cut at odd places", readCuts: [16, 17, 100, 529], writeCuts: [1, 511, 513, 1023]),
        Layout(name: "an indirect table", readCuts: [16, 528], writeCuts: [512, 1024], indirect: 0x8_0000),
    ]

    @Test("the layout of a chain does not matter", arguments: layouts)
    func anyLayout(_ layout: Layout) throws {
        let rig = try rig()
        let data = Self.pattern(1024, seed: 3)
        let written = try rig.request(
            rig.header(1, 40) + data, readCuts: layout.readCuts, indirect: layout.indirect)
        #expect(written?.status == 0)
        let read = try rig.request(
            rig.header(0, 40), readCuts: layout.readCuts, writable: 1025, writeCuts: layout.writeCuts,
            indirect: layout.indirect)
        #expect(read == .init(status: 0, written: 1025, data: data))
    }

    @Test(
        "a refused request leaves its data alone and says why",
        arguments: [
            (UInt32(0), UInt64(100), 513, UInt8(1)), (0, 0, 100, 1), (99, 0, 513, 2), (0, .max, 513, 1), (10, 0, 21, 2),
        ])
    func refusals(type: UInt32, sector: UInt64, writable: Int, status: UInt8) throws {
        let rig = try rig()
        let answer = try #require(try rig.request(rig.header(type, sector), writable: writable))
        #expect(answer.status == status)
        #expect(answer.data.allSatisfy { $0 == 0xEE })
        #expect(answer.written == 0, "none of the data before the status was written")
        #expect(rig.metrics.refusals == 1)
        #expect(try rig.read(sector: 0, bytes: 512)?.status == 0, "the next request is served")
    }

    @Test("a chain without a byte to answer in comes back empty")
    func noStatus() throws {
        let rig = try rig()
        _ = try rig.add(readable: rig.header(4, 0), writable: 0)
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        let used = try rig.queue.takeUsed()
        #expect(used?.written == 0)
        #expect(rig.metrics.malformed == 1 && rig.metrics.flushes == 0)
    }

    @Test(
        "the serial number is cut to 20 bytes and filled up with zeros",
        arguments: ["", "disk-1", "a serial of more than twenty bytes"])
    func serial(text: String) throws {
        let rig = try Rig(ModelEngine(Self.pattern(512)), serial: text)
        let answer = try #require(try rig.request(rig.header(8, 0), writable: 21))
        #expect(answer.status == 0 && answer.written == 21)
        #expect(answer.data == Array((Array(text.utf8) + [UInt8](repeating: 0, count: 20)).prefix(20)))
    }

    @Test("a read-only disk offers no way to write and refuses all of them")
    func readOnly() throws {
        let rig = try rig(readOnly: true)
        #expect(rig.features & BlockFeature.readOnly != 0)
        #expect(rig.features & (BlockFeature.discard | BlockFeature.writeZeroes | BlockFeature.writeCache) == 0)
        #expect(try rig.write(sector: 0, Self.pattern(512))?.status == 1)
        #expect(try rig.request(rig.header(11, 0) + rig.range(0, 1))?.status == 1)
        #expect(try rig.request(rig.header(13, 0) + rig.range(0, 1))?.status == 1)
        #expect(try rig.read(sector: 0, bytes: 512)?.status == 0)
    }

    @Test("several ranges are discarded or zeroed by one request, all or none")
    func ranges() throws {
        let rig = try rig()
        var model = Self.pattern(512 * 100)
        let three = rig.range(1, 2) + rig.range(50, 0) + rig.range(98, 2)
        #expect(try rig.request(rig.header(11, 0) + three, readCuts: [16, 30])?.status == 0)
        for i in (512..<1536) { model[i] = 0 }
        for i in ((98 * 512)..<(100 * 512)) { model[i] = 0 }
        #expect(try rig.request(rig.header(13, 0) + rig.range(10, 1, 1) + rig.range(20, 1))?.status == 0)
        for i in ((10 * 512)..<(11 * 512)) { model[i] = 0 }
        for i in ((20 * 512)..<(21 * 512)) { model[i] = 0 }
        #expect(try rig.request(rig.header(13, 0) + rig.range(30, 1) + rig.range(100, 1))?.status == 1)
        #expect(try rig.request(rig.header(11, 0) + rig.range(30, 1) + rig.range(31, 1, 1))?.status == 2)
        #expect(try rig.read(sector: 0, bytes: 512 * 100)?.data == model)
        #expect(rig.metrics.discards == 1 && rig.metrics.zeroings == 1)
    }

    @Test("a flush reaches the image before it is answered; writes alone do not cause one")
    func flush() throws {
        let log = ImageLog()
        let rig = try rig(log: log)
        for i in 0..<5 { _ = try rig.write(sector: UInt64(i), Self.pattern(512)) }
        #expect(log.flushes.load(ordering: .relaxed) == 0)
        #expect(try rig.request(rig.header(4, 0))?.status == 0)
        #expect(log.flushes.load(ordering: .relaxed) == 1)
        #expect(log.unflushedWrites.load(ordering: .relaxed) == 0)
    }

    @Test(
        "without a flush to ask for, or with the cache switched off, every write is durable when it is answered",
        arguments: [
            (BlockFeature.flush | BlockFeature.writeCache, true, 0),
            (BlockFeature.flush | BlockFeature.writeCache, false, 3),
            (BlockFeature.flush, false, 0), (0, true, 3),
        ])
    func writeThrough(features: UInt64, cache: Bool, flushes: Int) throws {
        let log = ImageLog()
        let rig = try rig(features: features | BlockFeature.writeZeroes, log: log)
        rig.shared.writeCache.store(cache, ordering: .relaxed)
        _ = try rig.write(sector: 0, Self.pattern(512))
        _ = try rig.write(sector: 1, Self.pattern(512))
        _ = try rig.request(rig.header(13, 0) + rig.range(4, 1))
        #expect(log.flushes.load(ordering: .relaxed) == flushes)
    }

    @Test(
        "what the host cannot do is the request's failure and nobody else's",
        arguments: [(Int32(28), UInt8(1)), (5, 1), (122, 1), (95, 2)])
    func hostFailures(code: Int32, status: UInt8) throws {
        let log = ImageLog()
        let rig = try rig(log: log)
        log.failure.store(code, ordering: .relaxed)
        #expect(try rig.write(sector: 0, Self.pattern(512)) == .init(status: status, written: 1, data: []))
        #expect(try rig.read(sector: 0, bytes: 512)?.written == 0)
        #expect(try rig.request(rig.header(4, 0))?.status == status)
        #expect(try rig.request(rig.header(11, 0) + rig.range(0, 1))?.status == status)
        #expect(rig.metrics.failures == 4)
        log.failure.store(0, ordering: .relaxed)
        #expect(try rig.write(sector: 0, Self.pattern(512))?.status == 0)
        #expect(rig.port.resetRequests == 0)
    }

    @Test("an image that is cut off under a running guest gives errors there and nowhere else")
    func cutOff() throws {
        let memory = try FileDescriptor.memory(named: "disk", bytes: 8192)
        let view = try memory.duplicate()
        let rig = try BlockRig(RawEngine(BlockingFiles([ImageFile(owning: memory, name: "disk", readOnly: false)])))
        #expect(try rig.write(sector: 0, Self.pattern(512))?.status == 0)
        #expect(ftruncate(view.raw, 4096) == 0)
        #expect(try rig.read(sector: 8, bytes: 512)?.status == 1, "the file has lost these bytes")
        #expect(try rig.read(sector: 0, bytes: 512)?.data == Self.pattern(512))
    }

    @Test("many requests are served by one kick, and their completions come in order")
    func batch() throws {
        let rig = try rig()
        var heads: [UInt16] = []
        for i in 0..<20 {
            heads.append(
                try rig.add(
                    readable: rig.header(0, UInt64(i)), writable: 513, at: Rig.scratch + UInt64(i) * 0x1000
                ).head)
        }
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        for i in 0..<20 {
            let used = try rig.queue.takeUsed()
            #expect(used?.head == heads[i] && used?.written == 513)
        }
        #expect(try rig.queue.takeUsed() == nil)
        #expect(try rig.queue.availableEvent() == 20, "the driver is asked to kick for the next request only")
    }

    @Test("a broken ring stops this queue and asks for a reset")
    func brokenRing() throws {
        let rig = try rig()
        _ = try rig.add(readable: rig.header(0, 0), writable: 513)
        try rig.queue.makeAvailable(9999)
        try rig.queue.publish()
        rig.work.kicked(queue: 0)
        #expect(rig.port.resetRequests == 1)
        #expect(try rig.queue.takeUsed()?.written == 513, "what was served before is published")
        rig.work.kicked(queue: 0)
        #expect(rig.port.resetRequests == 1)
    }

    @Test("every byte the device writes to guest memory is marked dirty")
    func dirty() throws {
        let rig = try rig()
        let bitmap = try #require(rig.memory.dirty)
        let (_, buffers) = try rig.add(readable: rig.header(0, 0), writable: 8193, writeCuts: [5000])
        try rig.queue.publish()
        for word in 0..<256 { _ = bitmap.take(word: word) }
        rig.work.kicked(queue: 0)
        var pages = Set<UInt64>()
        for word in 0..<256 {
            let bits = bitmap.take(word: word)
            for bit in 0..<64 where bits & (1 << UInt64(bit)) != 0 { pages.insert(UInt64(word * 64 + bit)) }
        }
        var expected = Set<UInt64>()
        for buffer in buffers {
            for at in stride(from: buffer.address.rawValue, to: buffer.address.rawValue + UInt64(buffer.count), by: 1) {
                expected.insert(at >> 12)
            }
        }
        #expect(pages.isSuperset(of: expected))
        #expect(pages.isSuperset(of: [rig.queue.used >> 12]))
    }

    @Test("any mix of requests leaves what a model says", arguments: [UInt64(11), 12, 13])
    func model(seed: UInt64) throws {
        var model = Self.pattern(512 * 64, seed: seed)
        let rig = try rig(model)
        var random = SeededRandom(seed: seed)
        for step in 0..<2000 {
            let sectors = Int.random(in: 1...16, using: &random)
            let sector = Int.random(in: 0...(64 - sectors), using: &random)
            let range = (sector * 512)..<((sector + sectors) * 512)
            let cuts = (0..<Int.random(in: 0...4, using: &random))
                .map { _ in Int.random(in: 1..<(sectors * 512), using: &random) }.sorted()
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let data = Self.pattern(sectors * 512, seed: random.next())
                let answer = try rig.request(rig.header(1, UInt64(sector)) + data, readCuts: cuts)
                #expect(answer?.status == 0)
                model.replaceSubrange(range, with: data)
            case 2:
                let flags: UInt32 = Bool.random(using: &random) ? 1 : 0
                let zeroes = rig.range(UInt64(sector), UInt32(sectors), flags)
                #expect(try rig.request(rig.header(13, 0) + zeroes)?.status == 0)
                model.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
            default:
                let answer = try rig.request(
                    rig.header(0, UInt64(sector)), writable: range.count + 1, writeCuts: cuts)
                #expect(answer?.data == Array(model[range]), "step \(step)")
            }
        }
    }

    @Test("the path of a request does not allocate, from the kick to the used ring")
    func noAllocation() throws {
        let memory = try FileDescriptor.memory(named: "disk", bytes: 1 << 20)
        try measure(BlockRig(RawEngine(BlockingFiles([ImageFile(owning: memory, name: "disk", readOnly: false)]))))
    }

    private func measure<Engine: BlockEngine & ~Copyable>(_ rig: BlockRig<Engine>) throws {
        for round in 0..<3 {
            for i in 0..<12 {
                let at = Rig.scratch + UInt64(i) * 0x1_0000
                switch i % 4 {
                case 0: _ = try rig.add(readable: rig.header(1, 2) + Self.pattern(1024), writable: 1, at: at)
                case 1: _ = try rig.add(readable: rig.header(0, 2), writable: 4097, writeCuts: [1, 600], at: at)
                case 2: _ = try rig.add(readable: rig.header(4, 0), writable: 1, at: at)
                default: _ = try rig.add(readable: rig.header(13, 0) + rig.range(1, 1), writable: 1, at: at)
                }
            }
            try rig.queue.publish()
            let count = AllocationCount.during { rig.work.kicked(queue: 0) }
            var answered = 0
            while try rig.queue.takeUsed() != nil { answered += 1 }
            #expect(answered == 12)
            if round > 0 { #expect(count == 0) }
        }
    }
}
