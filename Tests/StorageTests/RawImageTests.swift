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
        arguments: [1, 511, 513, 70_001])
    func raggedEnd(bytes: Int) throws {
        let contents = Self.pattern(bytes)
        let file = try TemporaryFile(contents)
        var image = try RawImage.open(file.path, readOnly: false)
        let capacity = (bytes + 511) / 512 * 512
        #expect(image.properties.capacity == UInt64(capacity))
        let vectors = Vectors([capacity])
        try image.read(vectors, at: 0)
        #expect(vectors.contents == contents + [UInt8](repeating: 0, count: capacity - bytes))
        try image.write(Vectors([UInt8](repeating: 9, count: 512)), at: UInt64(capacity - 512))
        #expect(try file.contents().suffix(512).allSatisfy { $0 == 9 })
        #expect(try file.contents().count == capacity)
    }

    @Test("reading where a file has been cut off is an error, never zeros")
    func shrunken() throws {
        let file = try TemporaryFile(Self.pattern(8192))
        var image = try RawImage.open(file.path, readOnly: true)
        truncate(file.path, 4096 + 100)
        try image.read(Vectors([4096]), at: 0)
        #expect(throws: Errno(code: EIO, call: "preadv")) { try image.read(Vectors([512]), at: 4096) }
        #expect(throws: Errno(code: EIO, call: "preadv")) { try image.read(Vectors([4096]), at: 4096) }
        #expect(throws: Errno(code: EIO, call: "preadv")) { try image.read(Vectors([512]), at: 7680) }
        try image.refresh()
        #expect(image.properties.capacity == 4608)
        try image.read(Vectors([512]), at: 4096)
    }

    @Test("requests of more pieces than one call takes are continued")
    func manyPieces() throws {
        let contents = Self.pattern(3000 * 512)
        let file = try TemporaryFile(hole: contents.count)
        var image = try RawImage.open(file.path, readOnly: false)
        try image.write(Vectors(contents, split: Array(repeating: 512, count: 3000)), at: 0)
        #expect(try file.contents() == contents)
        let back = Vectors(Array(repeating: 512, count: 3000))
        try image.read(back, at: 0)
        #expect(back.contents == contents)
    }

    @Test("a read-only image refuses everything that changes it")
    func readOnly() throws {
        let file = try TemporaryFile(Self.pattern(4096))
        var image = try RawImage.open(file.path, readOnly: true)
        let refused = Errno(code: EROFS, call: "pwritev")
        #expect(throws: refused) { try image.write(Vectors([512]), at: 0) }
        #expect(throws: refused) { try image.discard(at: 0, count: 512) }
        #expect(throws: refused) { try image.writeZeroes(at: 0, count: 512, unmap: true) }
        #expect(!image.properties.canDiscard)
        #expect(try file.contents() == Self.pattern(4096))
    }

    @Test("a discarded range gives its space back and reads as zeros")
    func discard() throws {
        let file = try TemporaryFile(Self.pattern(1 << 20))
        var image = try RawImage.open(file.path, readOnly: false)
        try #require(image.properties.canDiscard, "the temporary directory's file system cannot punch holes")
        let before = file.allocatedBytes()
        try image.discard(at: 65_536, count: 524_288)
        try image.flush()
        #expect(file.allocatedBytes() <= before - 524_288)
        var expected = Self.pattern(1 << 20)
        expected.replaceSubrange(65_536..<(65_536 + 524_288), with: [UInt8](repeating: 0, count: 524_288))
        #expect(try file.contents() == expected)
    }

    @Test("zeros are written by hand where the file system has no call for them", arguments: [true, false])
    func zeroesWithoutCall(unmap: Bool) throws {
        // tmpfs, on which a memfd lies, has no FALLOC_FL_ZERO_RANGE.
        let memory = try FileDescriptor.memory(named: "disk")
        try memory.writeAll(Self.pattern(300_000))
        let view = try memory.duplicate()
        var image = try RawImage(owning: memory, name: "memfd", readOnly: false)
        try image.writeZeroes(at: 1024, count: 204_800, unmap: unmap)
        var expected = Self.pattern(300_000)
        expected.replaceSubrange(1024..<(1024 + 204_800), with: [UInt8](repeating: 0, count: 204_800))
        var back = [UInt8](repeating: 1, count: 300_000)
        #expect(try back.withUnsafeMutableBytes { p throws(Errno) in try view.read(into: p, at: 0) } == 300_000)
        #expect(back == expected)
    }

    @Test("zeros go on to the end of a ragged file without an error")
    func zeroesAtTheEnd() throws {
        let file = try TemporaryFile(Self.pattern(1000))
        var image = try RawImage.open(file.path, readOnly: false)
        try image.writeZeroes(at: 0, count: 1024, unmap: false)
        let back = Vectors([1024])
        try image.read(back, at: 0)
        #expect(back.contents.allSatisfy { $0 == 0 })
    }

    @Test("a full file system is an error that the image outlives")
    func full() throws {
        let directory = "/tmp/apus-full-\(getpid())"
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
        var image = try RawImage.open(path, readOnly: false)
        #expect(throws: Errno(code: ENOSPC, call: "pwritev")) { try image.write(Vectors([1 << 20]), at: 0) }
        try image.discard(at: 0, count: 1 << 20)
        try image.write(Vectors([4096]), at: 4096)
    }

    @Test(
        "any mix of operations leaves what a model says, with and without the page cache",
        arguments: [false, true], [UInt64(1), 2, 3])
    func model(direct: Bool, seed: UInt64) throws {
        let size = 1 << 18
        let file = try TemporaryFile(hole: size)
        var image = try RawImage.open(file.path, readOnly: false, direct: direct)
        if direct { try #require(image.properties.directAlignment > 1, "the file system takes no O_DIRECT") }
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
                try image.write(Vectors(data, split: split, skew: skew), at: UInt64(start))
                model.replaceSubrange(range, with: data)
            case 3:
                let unmap = Bool.random(using: &random)
                try image.writeZeroes(at: UInt64(start), count: UInt64(sectors * 512), unmap: unmap)
                model.replaceSubrange(range, with: [UInt8](repeating: 0, count: sectors * 512))
            case 4 where image.properties.canDiscard:
                try image.discard(at: UInt64(start), count: UInt64(sectors * 512))
                model.replaceSubrange(range, with: [UInt8](repeating: 0, count: sectors * 512))
            case 5: try image.flush()
            default:
                let back = Vectors(split, skew: skew)
                try image.read(back, at: UInt64(start))
                #expect(back.contents == Array(model[range]), "step \(step)")
            }
        }
        #expect(try file.contents() == model)
    }
}
