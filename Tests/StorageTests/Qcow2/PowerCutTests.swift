// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@testable import Storage

@Suite("qcow2 and power cuts")
struct PowerCutTests {
    /// What the file may hold after a power cut behind change `end`: all up to the last sync, and of what came later
    /// any part, sector by sector.
    private func survivor(
        _ start: [UInt8], _ changes: [MemoryFile.Change], end: Int, _ random: inout SeededRandom
    ) -> [UInt8] {
        var content = start
        let synced =
            changes[..<end].lastIndex {
                if case .sync = $0 { return true }
                return false
            } ?? 0
        for change in changes[..<synced] { MemoryFile.apply(change, to: &content) }
        var late = Array(changes[synced..<end])
        // The file's length is one of those it had; data and tables are written back in any order.
        if random.next() % 2 == 0 { late.shuffle(using: &random) }
        for change in late {
            guard random.next() % 3 != 0 else { continue }
            guard case .write(let offset, let bytes) = change, random.next() % 3 == 0 else {
                MemoryFile.apply(change, to: &content)
                continue
            }
            // Torn: only some sectors of it.
            var at = offset
            while at < offset + bytes.count {
                let next = min(offset + bytes.count, at / 512 * 512 + 512)
                if random.next() % 2 == 0 {
                    MemoryFile.apply(
                        .write(offset: at, bytes: Array(bytes[at - offset..<next - offset])), to: &content)
                }
                at = next
            }
        }
        return content
    }

    @Test(
        "after a power cut at any moment flushed data are there and at worst clusters are lost",
        arguments: [
            Shape.plain, .small, .version2, .extended, .narrow, .wide, .lazy, .overlay, .extendedOverlay, .overlay2,
        ],
        [UInt64](1...3))
    func powerCut(shape: Shape, seed: UInt64) throws {
        var random = SeededRandom(seed: seed &* 31 &+ UInt64(shape.rawValue.utf8.count))
        var creation = shape.creation
        creation.size = 512 << 10
        let file = try Disk.create(creation, keepsChanges: true)
        let start = file.content
        let backing = shape.hasBacking ? MapperPropertyTests.backing() : nil
        let sectors = Int(creation.size / 512)
        var model = MapperPropertyTests.model(shape, sectors: sectors)
        // What was true after each flush, and how many changes there were when it returned.
        var flushed: [(changes: Int, model: SectorModel)] = [(0, model)]
        var disk = try Disk(file, backing: backing, seed: seed % 2 == 0 ? nil : seed)
        for step in 1...80 {
            let first = Int(random.next() % UInt64(sectors))
            let count = min(sectors - first, 1 + Int(random.next() % 40))
            let offset = UInt64(first) * 512
            let range = first..<first + count
            let latest = flushed.count - 1
            switch random.next() % 12 {
            case 0..<7:
                // Of what is not flushed yet, a cut may leave the old or the new.
                flushed[latest].model.mayWrite(UInt32(step), range)
                try disk.write(SectorModel.bytes(UInt32(step), sectors: count), at: offset)
                model.write(UInt32(step), range)
            case 7:
                flushed[latest].model.mayWrite(0, range)
                try disk.perform(
                    .writeZeroes(
                        at: offset, count: UInt64(count) * 512, unmap: random.next() % 2 == 0, durable: false))
                model.write(0, range)
            case 8:
                flushed[latest].model.discard(range)
                try disk.perform(.discard(at: offset, count: UInt64(count) * 512))
                model.discard(range)
            case 9:
                // What was promised for these bytes alone.
                flushed[latest].model.mayWrite(UInt32(step), range)
                try disk.write(SectorModel.bytes(UInt32(step), sectors: count), at: offset, durable: true)
                model.write(UInt32(step), range)
                var known = flushed[latest].model
                known.write(UInt32(step), range)
                flushed.append((file.changes?.count ?? 0, known))
            default:
                try disk.perform(.flush)
                flushed.append((file.changes?.count ?? 0, model))
            }
        }
        try disk.perform(.flush)
        let changes = try #require(file.changes)
        for _ in 0..<12 {
            let end = Int(random.next() % UInt64(changes.count + 1))
            let left = MemoryFile(survivor(start, changes, end: end, &random))
            let report = try Qcow2Check.run(on: left, name: "disk")
            try #require(report.corruptions == 0, "cut at \(end): \(report.messages.prefix(3))")
            let known = try #require(flushed.last { $0.changes <= end })
            var again = try Disk(left, backing: backing)
            let wrong = known.model.firstWrong(try again.read(sectors * 512, at: 0))
            try #require(wrong == nil, "cut at \(end) of \(changes.count): sector \(wrong ?? -1)")
            // It can be written again, and repaired.
            try again.write(SectorModel.bytes(7, sectors: 200), at: 0)
            #expect(try again.close().corruptions == 0)
            let repaired = try Qcow2Check.run(on: left, name: "disk", repair: .leaks)
            #expect(repaired.isSound)
            #expect(try Qcow2Check.run(on: left, name: "disk").leaks == 0)
        }
    }
}
