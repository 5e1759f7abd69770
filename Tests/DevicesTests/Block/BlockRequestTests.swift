// SPDX-License-Identifier: Apache-2.0

import Storage
import TestSupport
import Testing

@testable import Devices

@Suite("Block requests as they are judged")
struct BlockRequestTests {
    static func image(sectors: UInt64 = 100, readOnly: Bool = false) -> ImageProperties {
        ImageProperties(
            capacity: sectors * 512, fileBytes: sectors * 512, logicalBlockBytes: 512, physicalBlockBytes: 4096,
            directAlignment: 1, isReadOnly: readOnly, canDiscard: true)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var type: UInt32
        var sector: UInt64 = 0
        var readable = 16
        var writable = 1
        var features = BlockFeature.discard | BlockFeature.writeZeroes
        var readOnly = false
        var expected: BlockRequest
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "a read", type: 0, sector: 3, writable: 1025, expected: .read(offset: 1536, count: 1024)),
        Case(name: "a read of nothing", type: 0, sector: 3, expected: .read(offset: 1536, count: 0)),
        Case(
            name: "a read of the last sector", type: 0, sector: 99, writable: 513,
            expected: .read(offset: 99 * 512, count: 512)),
        Case(name: "a read across the end", type: 0, sector: 99, writable: 1025, expected: .refused(.failed)),
        Case(name: "a read behind the end", type: 0, sector: 101, expected: .refused(.failed)),
        Case(name: "a sector whose offset wraps", type: 0, sector: 1 << 55, writable: 513, expected: .refused(.failed)),
        Case(name: "the largest sector", type: 0, sector: .max, writable: 513, expected: .refused(.failed)),
        Case(name: "a read of part of a sector", type: 0, writable: 512, expected: .refused(.failed)),
        Case(
            name: "a read with data to write beside it", type: 0, readable: 528, writable: 513,
            expected: .read(offset: 0, count: 512)),
        Case(name: "a write", type: 1, sector: 1, readable: 16 + 512, expected: .write(offset: 512, count: 512)),
        Case(
            name: "a write with room for data", type: 1, readable: 528, writable: 513,
            expected: .write(offset: 0, count: 512)),
        Case(name: "a write of part of a sector", type: 1, readable: 17, expected: .refused(.failed)),
        Case(name: "a write across the end", type: 1, sector: 99, readable: 16 + 1024, expected: .refused(.failed)),
        Case(name: "a write to a read-only disk", type: 1, readable: 528, readOnly: true, expected: .refused(.failed)),
        Case(name: "half a header", type: 0, readable: 15, writable: 513, expected: .refused(.failed)),
        Case(name: "no header", type: 0, readable: 0, writable: 513, expected: .refused(.failed)),
        Case(name: "a flush", type: 4, expected: .flush),
        Case(name: "a flush of a read-only disk", type: 4, readOnly: true, expected: .flush),
        Case(name: "a serial number", type: 8, writable: 21, expected: .identify(count: 20)),
        Case(name: "a serial number in less room", type: 8, writable: 6, expected: .identify(count: 5)),
        Case(name: "a serial number in more room", type: 8, writable: 100, expected: .identify(count: 20)),
        Case(name: "a discard", type: 11, readable: 32, expected: .discard(ranges: 1)),
        Case(name: "a discard of 32 ranges", type: 11, readable: 16 + 512, expected: .discard(ranges: 32)),
        Case(name: "a discard of 33 ranges", type: 11, readable: 16 + 528, expected: .refused(.failed)),
        Case(name: "a discard of nothing", type: 11, expected: .refused(.failed)),
        Case(name: "a discard of half a range", type: 11, readable: 24, expected: .refused(.failed)),
        Case(
            name: "a discard nobody negotiated", type: 11, readable: 32, features: 0, expected: .refused(.unsupported)),
        Case(
            name: "a discard of a read-only disk", type: 11, readable: 32, readOnly: true, expected: .refused(.failed)),
        Case(name: "zeroes", type: 13, readable: 48, expected: .writeZeroes(ranges: 2)),
        Case(name: "zeroes nobody negotiated", type: 13, readable: 32, features: 0, expected: .refused(.unsupported)),
        Case(name: "a SCSI command", type: 2, readable: 528, expected: .refused(.unsupported)),
        Case(name: "a secure erase", type: 14, readable: 32, expected: .refused(.unsupported)),
        Case(name: "an unknown type", type: .max, expected: .refused(.unsupported)),
    ]

    @Test("each chain has one meaning", arguments: cases)
    func table(_ c: Case) {
        let request = BlockRequest.parse(
            BlockHeader(type: c.type, sector: c.sector), readable: c.readable, writable: c.writable,
            features: c.features, image: Self.image(readOnly: c.readOnly))
        #expect(request == c.expected)
    }

    @Test(
        "ranges are judged by their flags, their length and their place",
        arguments: [
            (UInt64(0), UInt32(100), UInt32(0), BlockStatus.ok, BlockStatus.ok),
            (0, 100, 1, .unsupported, .ok), (0, 100, 2, .unsupported, .unsupported), (100, 0, 0, .ok, .ok),
            (100, 1, 0, .failed, .failed), (0, 101, 0, .failed, .failed), (.max, 1, 0, .failed, .failed),
            (1 << 55, 8, 0, .failed, .failed), (0, .max, 0, .failed, .failed),
        ])
    func ranges(sector: UInt64, count: UInt32, flags: UInt32, discard: BlockStatus, zeroes: BlockStatus) {
        let range = BlockRange(sector: sector, count: count, flags: flags)
        #expect(range.verdict(forDiscard: true, of: Self.image()) == discard)
        #expect(range.verdict(forDiscard: false, of: Self.image()) == zeroes)
    }

    @Test("no header and no length makes the parser leave the disk: 100,000 random requests")
    func fuzz() {
        var random = SeededRandom(seed: 2026)
        let image = Self.image(sectors: 1000)
        for _ in 0..<100_000 {
            let nearby = Bool.random(using: &random)
            let header = BlockHeader(
                type: UInt32.random(in: 0...15, using: &random),
                sector: nearby ? UInt64.random(in: 0...1001, using: &random) : random.next())
            let readable = Int.random(in: 0...(nearby ? 4096 : Int(UInt32.max)), using: &random)
            let writable = Int.random(in: 1...(nearby ? 4096 : Int(UInt32.max)), using: &random)
            let request = BlockRequest.parse(
                header, readable: readable, writable: writable, features: random.next(), image: image)
            switch request {
            case .read(let offset, let count), .write(let offset, let count):
                #expect(image.contains(offset, count: UInt64(count)) && count % 512 == 0)
            case .discard(let ranges), .writeZeroes(let ranges): #expect((1...32).contains(ranges))
            case .identify(let count): #expect((0...20).contains(count))
            case .flush: #expect(header.type == 4)
            case .refused: break
            }
        }
    }
}
