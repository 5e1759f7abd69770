// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import TestSupport
import Testing

@Suite("Engines")
struct EngineTests {
    @Test(
        "any mix of batches leaves what a model says",
        arguments: EngineUnderTest.allCases, [CacheMode.none, .writethrough, .writeback])
    func model(engine: EngineUnderTest, cache: CacheMode) throws {
        for seed in [UInt64(1), 2] { try mix(engine, cache, seed: seed) }
    }

    /// Batches of operations on ranges that do not overlap, buffers in any number of pieces at any address.
    private func mix(_ engine: EngineUnderTest, _ cache: CacheMode, seed: UInt64) throws {
        let size = 1 << 20, depth = 16, lane = size / depth
        let temporary = try TemporaryFile(hole: size)
        let file = try ImageFile.open(
            temporary.path, readOnly: false, direct: cache == .none, writesThrough: cache == .writethrough)
        var disk = try engine.disk(file, depth: depth)
        var model = [UInt8](repeating: 0, count: size)
        var random = SeededRandom(seed: seed)
        for batch in 0..<60 {
            var reads: [Int: (Vectors, Range<Int>)] = [:]
            var writes: [Vectors] = []
            var expected = 0
            var arrived: Set<Int> = []
            for token in 0..<min(disk.depth, Int.random(in: 1...depth, using: &random)) {
                let sectors = Int.random(in: 1...(batch % 5 == 0 ? lane / 512 : 10), using: &random)
                let start = token * lane + Int.random(in: 0...(lane / 512 - sectors), using: &random) * 512
                let range = start..<(start + sectors * 512), bytes = UInt64(range.count)
                // Blocks of 4096 that two operations of a batch share are what aligned memory is for.
                let skew = Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0..<512, using: &random) : 0
                let cut = Int.random(in: 0...sectors, using: &random) * (skew == 0 ? 512 : 1)
                let split = Bool.random(using: &random) ? [range.count] : [cut, 0, range.count - cut]
                let operation: BlockOperation
                switch Int.random(in: 0..<9, using: &random) {
                case 0..<3:
                    let data = (0..<range.count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                    let vectors = Vectors(data, split: split, skew: skew)
                    writes.append(vectors)
                    operation = .write(
                        vectors.span, at: UInt64(start), count: bytes,
                        durable: Int.random(in: 0..<8, using: &random) == 0)
                    model.replaceSubrange(range, with: data)
                case 3, 4:
                    let unmap = Bool.random(using: &random), durable = Int.random(in: 0..<8, using: &random) == 0
                    operation = .writeZeroes(at: UInt64(start), count: bytes, unmap: unmap, durable: durable)
                    model.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
                case 5 where disk.properties.canDiscard:
                    operation = .discard(at: UInt64(start), count: bytes)
                    model.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
                case 6: operation = .flush
                default:
                    let vectors = Vectors(split, skew: skew)
                    reads[token] = (vectors, range)
                    operation = .read(vectors.span, at: UInt64(start), count: bytes)
                }
                switch disk.submit(operation, token: token) {
                case .completed(let failure): #expect(failure == nil, "batch \(batch)")
                case .queued: expected += 1
                }
            }
            disk.commit()
            if Bool.random(using: &random) { disk.drain() }
            while arrived.count < expected {
                guard let completion = disk.nextCompletion() else {
                    disk.drain()
                    continue
                }
                #expect(completion.failure == nil, "batch \(batch)")
                #expect(arrived.insert(completion.token).inserted, "a token came twice")
            }
            #expect(disk.nextCompletion() == nil)
            for (vectors, range) in reads.values {
                #expect(vectors.contents == Array(model[range]), "batch \(batch), \(range)")
            }
            withExtendedLifetime(writes) {}
        }
        #expect(try temporary.contents() == model)
    }

    @Test(
        "a ragged end is filled up with zeros, a lost one is an error", arguments: EngineUnderTest.allCases,
        [false, true])
    func ends(engine: EngineUnderTest, direct: Bool) throws {
        let contents = RawImageTests.pattern(9000)
        let temporary = try TemporaryFile(contents)
        let file = try ImageFile.open(temporary.path, readOnly: false, direct: direct)
        var disk = try engine.disk(file)
        #expect(disk.properties.capacity == 9216)
        let all = Vectors([4096, 5120])
        try disk.read(all, at: 0)
        #expect(all.contents == contents + [UInt8](repeating: 0, count: 216))
        truncate(temporary.path, 4096)
        #expect(throws: Errno(code: EIO, call: "preadv")) { try disk.read(Vectors([512]), at: 8192) }
        #expect(throws: Errno(code: EIO, call: "preadv")) { try disk.read(Vectors([8192]), at: 0) }
        try disk.refresh()
        #expect(disk.properties.capacity == 4096)
        truncate(temporary.path, 65_536)
        try disk.refresh()
        #expect(disk.properties.capacity == 65_536)
        try disk.read(Vectors([4096]), at: 61_440)
    }

    @Test("a container reads as zeros behind its end and grows when it is written", arguments: EngineUnderTest.allCases)
    func container(engine: EngineUnderTest) throws {
        let temporary = try TemporaryFile(RawImageTests.pattern(4096))
        var disk = try engine.disk(ImageFile.open(temporary.path, readOnly: false, end: .zeros))
        let behind = Vectors([8192])
        try disk.read(behind, at: 1 << 20)
        #expect(behind.contents.allSatisfy { $0 == 0 })
        try disk.write(Vectors(RawImageTests.pattern(4096, seed: 2)), at: 1 << 20, durable: true)
        try disk.read(behind, at: 1 << 20)
        #expect(behind.contents == RawImageTests.pattern(4096, seed: 2) + [UInt8](repeating: 0, count: 4096))
    }

    @Test("requests of more pieces than one call takes are continued", arguments: EngineUnderTest.allCases)
    func manyPieces(engine: EngineUnderTest) throws {
        let contents = RawImageTests.pattern(3000 * 512)
        let temporary = try TemporaryFile(hole: contents.count)
        var disk = try engine.disk(ImageFile.open(temporary.path, readOnly: false))
        try disk.write(Vectors(contents, split: Array(repeating: 512, count: 3000)), at: 0)
        #expect(try temporary.contents() == contents)
        let back = Vectors(Array(repeating: 1024, count: 1500))
        try disk.read(back, at: 0)
        #expect(back.contents == contents)
    }

    @Test("a read-only image refuses everything that changes it", arguments: EngineUnderTest.allCases)
    func readOnly(engine: EngineUnderTest) throws {
        let temporary = try TemporaryFile(RawImageTests.pattern(4096))
        var disk = try engine.disk(ImageFile.open(temporary.path, readOnly: true))
        let refused = Errno(code: EROFS, call: "pwritev")
        #expect(throws: refused) { try disk.write(Vectors([512]), at: 0) }
        #expect(throws: refused) { try disk.run(.discard(at: 0, count: 512)) }
        #expect(throws: refused) { try disk.run(.writeZeroes(at: 0, count: 512, unmap: true, durable: false)) }
        #expect(try temporary.contents() == RawImageTests.pattern(4096))
    }

    @Test("a full file system is ENOSPC, and goes on when there is space", arguments: EngineUnderTest.allCases)
    func full(engine: EngineUnderTest) throws {
        let directory = "/tmp/apus-full-\(getpid())-\(engine)"
        mkdir(directory, 0o700)
        defer { rmdir(directory) }
        guard mount("tmpfs", directory, "tmpfs", 0, "size=64k") == 0 else {
            print("skipped: mounting a small tmpfs is not permitted here")
            return
        }
        defer { umount2(directory, 0) }
        let path = "\(directory)/disk"
        do {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT)
            try #require(ftruncate(file.raw, 1 << 20) == 0)
        }
        var disk = try engine.disk(ImageFile.open(path, readOnly: false))
        #expect(throws: Errno(code: ENOSPC, call: "pwritev")) { try disk.write(Vectors([1 << 20]), at: 0) }
        #expect(throws: Errno(code: ENOSPC, call: "pwritev")) {
            try disk.run(.writeZeroes(at: 0, count: 1 << 20, unmap: false, durable: false))
        }
        try disk.run(.discard(at: 0, count: 1 << 20))
        try disk.write(Vectors([4096]), at: 4096)
    }

    @Test("zeros are written by hand where the file system has no call for them", arguments: EngineUnderTest.allCases)
    func zeroes(engine: EngineUnderTest) throws {
        let memory = try FileDescriptor.memory(named: "disk")
        try memory.writeAll(RawImageTests.pattern(300_032))
        var disk = try engine.disk(ImageFile(owning: memory, name: "memfd", readOnly: false))
        try disk.run(.writeZeroes(at: 1024, count: 204_800, unmap: false, durable: true))
        var expected = RawImageTests.pattern(300_032)
        expected.replaceSubrange(1024..<(1024 + 204_800), with: [UInt8](repeating: 0, count: 204_800))
        let back = Vectors([300_032])
        try disk.read(back, at: 0)
        #expect(back.contents == expected)
    }

    @Test("engines of several queues work on one file at the same time", arguments: EngineUnderTest.allCases)
    func queues(engine: EngineUnderTest) throws {
        let temporary = try TemporaryFile(hole: 4 << 20)
        let file = try ImageFile.open(temporary.path, readOnly: false, direct: true)
        let engines = try FileEngines([file], kind: engine.kind, queues: 4, depth: 8, threads: 3)
        var threads: [OSThreadBox] = []
        for queue in 0..<4 {
            threads.append(
                try OSThreadBox {
                    guard var disk = try? RawEngine(engines.engine(queue)) else { return false }
                    // Odd addresses: every block is carried through aligned memory, neighbours in the same one.
                    for step in 0..<200 {
                        let data = Vectors([UInt8](repeating: UInt8(queue + 1), count: 512), skew: 8)
                        let at = UInt64((step * 4 + queue) * 512)
                        guard (try? disk.write(data, at: at)) != nil else { return false }
                    }
                    return true
                })
        }
        for thread in threads { #expect(thread.join()) }
        let contents = try temporary.contents()
        for sector in 0..<800 { #expect(contents[sector * 512] == UInt8(sector % 4 + 1), "sector \(sector)") }
    }

    @Test("nothing is allocated while requests are carried out", arguments: EngineUnderTest.allCases)
    func hotPath(engine: EngineUnderTest) throws {
        let temporary = try TemporaryFile(RawImageTests.pattern(1 << 16))
        let file = try ImageFile.open(temporary.path, readOnly: false)
        var disk = try LimitedEngine(
            engine.disk(file), limits: DiskLimits(requests: .init(perSecond: 1 << 30), bytes: nil))
        let data = Vectors([4096, 4096])
        try disk.write(data, at: 0)
        var failures = 0
        let allocations = AllocationCount.during {
            for round in 0..<500 {
                for token in 0..<min(disk.depth, 8) {
                    let at = UInt64(token * 4096)
                    let operation: BlockOperation =
                        round % 2 == 0
                        ? .read(data.span, at: at, count: 8192) : .write(data.span, at: at, count: 8192, durable: false)
                    if case .completed(let failure) = disk.submit(operation, token: token), failure != nil {
                        failures += 1
                    }
                }
                disk.commit()
                while let completion = disk.nextCompletion() { if completion.failure != nil { failures += 1 } }
                disk.drain()
                while let completion = disk.nextCompletion() { if completion.failure != nil { failures += 1 } }
            }
        }
        #expect(failures == 0)
        #expect(allocations == 0)
    }
}
