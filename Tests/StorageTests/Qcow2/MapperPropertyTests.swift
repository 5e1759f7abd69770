// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@testable import Storage

@Suite("qcow2 against a simple model")
struct MapperPropertyTests {
    static let backingBytes = 1 << 20

    /// What lies below an overlay: shorter than the disk, so that its end is met too.
    static func backing() -> MemoryFile {
        MemoryFile((0..<backingBytes / 512).flatMap { SectorModel.bytes(UInt32($0) | 0x8000_0000) })
    }

    static func model(_ shape: Shape, sectors: Int) -> SectorModel {
        SectorModel(
            (0..<sectors).map {
                shape.hasBacking && $0 < backingBytes / 512 ? UInt32($0) | 0x8000_0000 : 0
            })
    }

    @Test(
        "random writes, discards, zeroes, flushes and reopenings read back as the model says",
        arguments: Shape.allCases, [UInt64?.none, 1, 2])
    func randomOperations(shape: Shape, seed: UInt64?) throws {
        var random = SeededRandom(seed: (seed ?? 0) &* 977 &+ UInt64(shape.rawValue.utf8.count))
        let file = try Disk.create(shape.creation)
        let dataFile = shape.hasDataFile ? MemoryFile() : nil
        let backing = shape.hasBacking ? Self.backing() : nil
        let sectors = Int(shape.creation.size / 512)
        var model = Self.model(shape, sectors: sectors)
        // A cache of one set of slices is always short of room.
        var disk = try Disk(file, dataFile: dataFile, backing: backing, seed: seed, cacheBytes: 1)
        for step in 1...200 {
            let start = Int(random.next() % UInt64(sectors))
            let longest = random.next() % 4 == 0 ? 1024 : 24
            let count = min(sectors - start, 1 + Int(random.next() % UInt64(longest)))
            let range = start..<start + count
            let offset = UInt64(start) * 512
            switch random.next() % 16 {
            case 0..<8:
                try disk.write(
                    SectorModel.bytes(UInt32(step), sectors: count), at: offset, durable: random.next() % 8 == 0)
                model.write(UInt32(step), range)
            case 8, 9:
                try disk.perform(
                    .writeZeroes(
                        at: offset, count: UInt64(count) * 512, unmap: random.next() % 2 == 0, durable: false))
                model.write(0, range)
            case 10, 11:
                try disk.perform(.discard(at: offset, count: UInt64(count) * 512))
                model.discard(range)
            case 12: try disk.perform(.flush)
            case 13:
                let report = try disk.close()
                #expect(report.corruptions == 0 && report.leaks == 0, "\(report.messages)")
                disk = try Disk(file, dataFile: dataFile, backing: backing, seed: seed, cacheBytes: 1)
            default:
                let bytes = try disk.read(count * 512, at: offset)
                for (index, sector) in range.enumerated() {
                    guard let value = SectorModel.value(of: bytes, sector: index), model.allows(value, at: sector)
                    else {
                        Issue.record("step \(step), sector \(sector)")
                        return
                    }
                }
            }
        }
        let wrong = model.firstWrong(try disk.read(sectors * 512, at: 0))
        #expect(wrong == nil)
        let report = try disk.close()
        #expect(report.corruptions == 0 && report.leaks == 0, "\(report.messages)")
        if shape == .rawDataFile, let dataFile {
            let rest = sectors * 512 - dataFile.content.count
            #expect(model.firstWrong(dataFile.content + [UInt8](repeating: 0, count: max(0, rest))) == nil)
        }
    }

    @Test("operations in flight together do not disturb each other within a cluster", arguments: Shape.allCases)
    func concurrent(shape: Shape) throws {
        var random = SeededRandom(seed: 99)
        let file = try Disk.create(shape.creation)
        let dataFile = shape.hasDataFile ? MemoryFile() : nil
        let backing = shape.hasBacking ? Self.backing() : nil
        let sectors = Int(shape.creation.size / 512)
        var model = Self.model(shape, sectors: sectors)
        var disk = try Disk(file, dataFile: dataFile, backing: backing, seed: 5)
        for round in 1...30 {
            // Neighbours of few sectors each, so that many share a cluster, submitted in any order.
            let base = Int(random.next() % UInt64(sectors - 256))
            var pieces: [(start: Int, count: Int)] = []
            var at = base
            while pieces.count < disk.engine.depth, at < base + 240 {
                let count = 1 + Int(random.next() % 16)
                pieces.append((at, count))
                at += count
            }
            pieces.shuffle(using: &random)
            var buffers: [Vectors] = []
            var left = 0
            for (token, piece) in pieces.enumerated() {
                let value = UInt32(round * 1000 + token)
                let offset = UInt64(piece.start) * 512
                let isZero = random.next() % 5 == 0
                let vectors = Vectors(SectorModel.bytes(value, sectors: piece.count))
                buffers.append(vectors)
                let bytes = UInt64(piece.count) * 512
                let operation: BlockOperation =
                    isZero
                    ? .writeZeroes(at: offset, count: bytes, unmap: true, durable: false)
                    : .write(vectors.withSpan { $0 }, at: offset, count: bytes, durable: random.next() % 9 == 0)
                model.write(isZero ? 0 : value, piece.start..<piece.start + piece.count)
                switch disk.engine.submit(operation, token: token) {
                case .completed(let failure): #expect(failure == nil)
                case .queued: left += 1
                }
            }
            disk.engine.commit()
            var seen: Set<Int> = []
            while let completion = disk.engine.nextCompletion() {
                #expect(completion.failure == nil)
                #expect(seen.insert(completion.token).inserted)
            }
            #expect(seen.count == left, "every operation in flight ends once")
            withExtendedLifetime(buffers) {}
        }
        #expect(model.firstWrong(try disk.read(sectors * 512, at: 0)) == nil)
        let report = try disk.close()
        #expect(report.corruptions == 0 && report.leaks == 0, "\(report.messages)")
    }
}
