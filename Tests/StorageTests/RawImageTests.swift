// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import TestSupport
import Testing

@Suite("Raw images")
struct RawImageTests {
    static func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test(
        "a ragged file is rounded up to whole sectors, and the missing bytes are zeros",
        arguments: [1, 511, 513, 70_001], EngineUnderTest.allCases)
    func raggedEnd(bytes: Int, engine: EngineUnderTest) throws {
        let contents = Self.pattern(bytes)
        let file = try TemporaryFile(contents)
        var disk = try engine.disk(ImageFile.open(file.path, readOnly: false))
        let capacity = (bytes + 511) / 512 * 512
        #expect(disk.properties.capacity == UInt64(capacity))
        let vectors = Vectors([capacity])
        try disk.read(vectors, at: 0)
        #expect(vectors.contents == contents + [UInt8](repeating: 0, count: capacity - bytes))
        try disk.write(Vectors([UInt8](repeating: 9, count: 512)), at: UInt64(capacity - 512))
        #expect(try file.contents().suffix(512).allSatisfy { $0 == 9 })
        #expect(try file.contents().count == capacity)
    }

    @Test("reading where a file has been cut off is an error, never zeros", arguments: EngineUnderTest.allCases)
    func shrunken(engine: EngineUnderTest) throws {
        let file = try TemporaryFile(Self.pattern(8192))
        var disk = try engine.disk(ImageFile.open(file.path, readOnly: true))
        truncate(file.path, 4096 + 100)
        try disk.read(Vectors([4096]), at: 0)
        #expect(throws: Errno(code: EIO, call: "preadv")) { try disk.read(Vectors([512]), at: 4096) }
        #expect(throws: Errno(code: EIO, call: "preadv")) { try disk.read(Vectors([4096]), at: 4096) }
        #expect(throws: Errno(code: EIO, call: "preadv")) { try disk.read(Vectors([512]), at: 7680) }
        try disk.refresh()
        #expect(disk.properties.capacity == 4608)
        try disk.read(Vectors([512]), at: 4096)
    }

    @Test("a discarded range gives its space back and reads as zeros", arguments: EngineUnderTest.allCases)
    func discard(engine: EngineUnderTest) throws {
        let file = try TemporaryFile(Self.pattern(1 << 20))
        var disk = try engine.disk(ImageFile.open(file.path, readOnly: false))
        try #require(disk.properties.canDiscard, "the temporary directory's file system cannot punch holes")
        let before = file.allocatedBytes()
        try disk.run(.discard(at: 65_536, count: 524_288))
        try disk.run(.flush)
        #expect(file.allocatedBytes() <= before - 524_288)
        var expected = Self.pattern(1 << 20)
        expected.replaceSubrange(65_536..<(65_536 + 524_288), with: [UInt8](repeating: 0, count: 524_288))
        #expect(try file.contents() == expected)
    }

    @Test("zeros go on to the end of a ragged file without an error", arguments: EngineUnderTest.allCases)
    func zeroesAtTheEnd(engine: EngineUnderTest) throws {
        let file = try TemporaryFile(Self.pattern(1000))
        var disk = try engine.disk(ImageFile.open(file.path, readOnly: false))
        try disk.run(.writeZeroes(at: 0, count: 1024, unmap: false, durable: false))
        let back = Vectors([1024])
        try disk.read(back, at: 0)
        #expect(back.contents.allSatisfy { $0 == 0 })
    }

    @Test(
        "any mix of operations leaves what a model says, with and without the page cache",
        arguments: [false, true], [UInt64(1), 2, 3])
    func model(direct: Bool, seed: UInt64) throws {
        let size = 1 << 18
        let file = try TemporaryFile(hole: size)
        var disk = try EngineUnderTest.blocking.disk(ImageFile.open(file.path, readOnly: false, direct: direct))
        if direct { try #require(disk.properties.directAlignment > 1, "the file system takes no O_DIRECT") }
        var model = [UInt8](repeating: 0, count: size)
        var random = SeededRandom(seed: seed)
        for step in 0..<600 {
            let sectors = Int.random(in: 1...(step % 7 == 0 ? 200 : 12), using: &random)
            let start = Int.random(in: 0...(size / 512 - sectors), using: &random) * 512
            let range = start..<(start + sectors * 512)
            // Guests like boot loaders lend buffers at any address.
            let skew = Bool.random(using: &random) ? 0 : Int.random(in: 0..<512, using: &random)
            let cut = Int.random(in: 0...(sectors * 512), using: &random)
            let split = Bool.random(using: &random) ? [sectors * 512] : [cut, sectors * 512 - cut]
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<3:
                let data = (0..<(sectors * 512)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                try disk.write(Vectors(data, split: split, skew: skew), at: UInt64(start))
                model.replaceSubrange(range, with: data)
            case 3:
                let unmap = Bool.random(using: &random)
                try disk.run(
                    .writeZeroes(at: UInt64(start), count: UInt64(sectors * 512), unmap: unmap, durable: false))
                model.replaceSubrange(range, with: [UInt8](repeating: 0, count: sectors * 512))
            case 4 where disk.properties.canDiscard:
                try disk.run(.discard(at: UInt64(start), count: UInt64(sectors * 512)))
                model.replaceSubrange(range, with: [UInt8](repeating: 0, count: sectors * 512))
            case 5: try disk.run(.flush)
            default:
                let back = Vectors(split, skew: skew)
                try disk.read(back, at: UInt64(start))
                #expect(back.contents == Array(model[range]), "step \(step)")
            }
        }
        #expect(try file.contents() == model)
    }
}
