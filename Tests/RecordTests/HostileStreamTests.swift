// SPDX-License-Identifier: Apache-2.0

import Record
import Testing

@Suite("Hostile streams are refused")
struct HostileStreamTests {
    static let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
    static let header: [UInt8] = [0x41, 0x50, 0x52, 0x01]

    static let cases: [(String, [UInt8], RecordErrorReason)] = [
        ("nothing", [], .truncated),
        ("an unknown kind", [11], .unknownKind(11)),
        ("a text longer than the stream", [5] + huge, .truncated),
        ("bytes longer than the stream by one", [6, 2, 0], .truncated),
        ("a list longer than the stream", [8] + huge, .truncated),
        ("numbers longer than the stream", [7] + huge, .truncated),
        ("a shape with more fields than the stream", [9, 1, 0x61, 1] + huge, .truncated),
        ("an undefined shape", [10, 0], .unknownShape(index: 0)),
        ("an enormous shape index", [10] + huge, .unknownShape(index: .max)),
        ("a number of eleven bytes", [3] + [UInt8](repeating: 0x80, count: 10) + [0], .malformedNumber),
        ("a number of 65 bits", [3] + [UInt8](repeating: 0xFF, count: 9) + [2], .malformedNumber),
        ("a number not in its shortest form", [3, 0x80, 0x00], .malformedNumber),
        ("a record version of 17 bits", [9, 1, 0x61, 0x80, 0x80, 0x04, 0], .malformedNumber),
        ("an empty name", [9, 0, 1, 0], .malformedName),
        ("a name with a control character", [9, 1, 0x0A, 1, 0], .malformedName),
        ("a name that is too long", [9, 65] + [UInt8](repeating: 0x61, count: 65) + [1, 0], .malformedName),
        ("a field named twice", [9, 1, 0x61, 1, 2, 1, 0x62, 1, 0x62, 0, 0], .repeatedField("b")),
        ("text that is not UTF-8", [5, 2, 0xC3, 0x28], .malformedText),
        ("bytes after the value", [0, 0], .trailingBytes(count: 1)),
    ]

    @Test("a stream is refused for the right reason", arguments: cases)
    func refused(name: String, body: [UInt8], reason: RecordErrorReason) {
        #expect(throws: RecordError(reason), "\(name)") { try Record.parse(Self.header + body) }
    }

    @Test("a shape defined twice is refused")
    func repeatedShape() {
        let shape: [UInt8] = [9, 1, 0x61, 1, 0]
        #expect(
            message { () throws(RecordError) in try Record.parse(Self.header + [8, 2] + shape + shape) }
                == "[1]: defines a shape that is already defined")
    }

    @Test("a stream of another kind or codec is refused")
    func header() {
        #expect(throws: RecordError(.notARecord)) { try Record.parse([]) }
        #expect(throws: RecordError(.notARecord)) { try Record.parse([0x41, 0x50]) }
        #expect(throws: RecordError(.notARecord)) { try Record.parse([0x7F, 0x45, 0x4C, 0x46, 0]) }
        #expect(throws: RecordError(.unknownCodec(version: 2))) { try Record.parse([0x41, 0x50, 0x52, 2, 0]) }
    }

    @Test("nesting is bounded")
    func depth() throws {
        let deep = Self.header + Array([[UInt8]](repeating: [8, 1], count: 100_000).joined()) + [0]
        #expect(throws: RecordError.self) { try Record.parse(deep) }
        let limits = RecordLimits(maximumDepth: 2)
        #expect(try Record.parse(Self.header + [8, 1, 8, 1, 0], limits: limits) == .list([.list([.absent])]))
        #expect(throws: RecordError.self) { try Record.parse(Self.header + [8, 1, 8, 1, 8, 1, 0], limits: limits) }
    }

    @Test("the number of values and the length are bounded")
    func sizes() {
        let many = Self.header + [8, 100] + [UInt8](repeating: 0, count: 100)
        #expect(throws: RecordError.self) { try Record.parse(many, limits: RecordLimits(maximumValues: 100)) }
        #expect(throws: Never.self) { try Record.parse(many, limits: RecordLimits(maximumValues: 101)) }
        let numbers = Self.header + [7, 100] + [UInt8](repeating: 0, count: 100)
        #expect(throws: RecordError(.tooManyValues(maximum: 100))) {
            try Record.parse(numbers, limits: RecordLimits(maximumValues: 100))
        }
        #expect(throws: RecordError(.tooLong(maximum: 10))) {
            try Record.parse(many, limits: RecordLimits(maximumBytes: 10))
        }
    }

    @Test("every proper prefix of a stream is refused")
    func prefixes() {
        let bytes = Record.encode(Everything())
        for length in 0..<bytes.count {
            #expect(throws: RecordError.self) { try Record.parse(Array(bytes[..<length])) }
        }
    }
}
