// SPDX-License-Identifier: Apache-2.0

/// Turns a stream from an untrusted peer into values.
///
/// Every length and count is held against what is left of the input before anything is reserved for it: each element
/// takes one byte at least, so memory grows with the input and not with what the input claims.
struct RecordParser {
    /// Elements reserved on a claim alone; lists nest, so each level reserving all it claims would multiply the input.
    private static let reserve = 256

    private let bytes: [UInt8]
    private let limits: RecordLimits
    private var position = 0
    private var values = 0
    private var shapes: [RecordShape] = []
    private var known: Set<RecordShape> = []

    init(bytes: [UInt8], limits: RecordLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    private var left: Int { bytes.count - position }

    mutating func parse() throws(RecordError) -> RecordValue {
        guard bytes.count <= limits.maximumBytes else { throw RecordError(.tooLong(maximum: limits.maximumBytes)) }
        guard bytes.starts(with: Record.magic) else { throw RecordError(.notARecord) }
        position = Record.magic.count
        let version = try byte()
        guard version == Record.codecVersion else { throw RecordError(.unknownCodec(version: version)) }
        let value = try value(depth: 0, isRoot: true)
        guard left == 0 else { throw RecordError(.trailingBytes(count: left)) }
        return value
    }

    private mutating func value(depth: Int, isRoot: Bool = false) throws(RecordError) -> RecordValue {
        guard depth <= limits.maximumDepth else { throw RecordError(.tooDeep(maximum: limits.maximumDepth)) }
        try claim(1)
        let byte = try byte()
        guard let kind = RecordKind(rawValue: byte) else { throw RecordError(.unknownKind(byte)) }
        switch kind {
        case .absent: return .absent
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .unsigned: return .unsigned(try number())
        case .signed:
            let zigzag = try number()
            return .signed(Int64(bitPattern: zigzag >> 1) ^ -Int64(zigzag & 1))
        case .text:
            guard let text = String(validating: try counted(), as: UTF8.self) else {
                throw RecordError(.malformedText)
            }
            return .text(text)
        case .bytes: return .bytes(Array(try counted()))
        case .numbers:
            let count = try count()
            try claim(count)
            var numbers: [UInt64] = []
            numbers.reserveCapacity(count)
            for _ in 0..<count { numbers.append(try number()) }
            return .numbers(numbers)
        case .list:
            let count = try count()
            var list: [RecordValue] = []
            list.reserveCapacity(min(count, Self.reserve))
            for index in 0..<count {
                do {
                    list.append(try value(depth: depth + 1))
                } catch {
                    throw error.inside(.index(index))
                }
            }
            return .list(list)
        case .shapedRecord:
            return try fields(of: try newShape(), depth: depth, isRoot: isRoot)
        case .knownRecord:
            let index = try number()
            guard index < UInt64(shapes.count) else { throw RecordError(.unknownShape(index: index)) }
            return try fields(of: shapes[Int(index)], depth: depth, isRoot: isRoot)
        }
    }

    /// Counts values against the limit.
    private mutating func claim(_ count: Int) throws(RecordError) {
        guard count <= limits.maximumValues - values else {
            throw RecordError(.tooManyValues(maximum: limits.maximumValues))
        }
        values += count
    }

    private mutating func fields(
        of shape: RecordShape, depth: Int, isRoot: Bool
    ) throws(RecordError) -> RecordValue {
        guard shape.fields.count <= left else { throw RecordError(.truncated) }
        var content: [RecordValue] = []
        content.reserveCapacity(min(shape.fields.count, Self.reserve))
        for field in shape.fields {
            do {
                content.append(try value(depth: depth + 1))
            } catch {
                let inner = error.inside(.field(field))
                throw isRoot ? inner.inside(.field(shape.name)) : inner
            }
        }
        return .record(RecordObject(shape: shape, values: content))
    }

    private mutating func newShape() throws(RecordError) -> RecordShape {
        let name = try name()
        guard let version = UInt16(exactly: try number()) else { throw RecordError(.malformedNumber) }
        let count = try count()
        var fields: [String] = []
        fields.reserveCapacity(min(count, Self.reserve))
        var seen: Set<String> = []
        for _ in 0..<count {
            let field = try self.name()
            guard seen.insert(field).inserted else { throw RecordError(.repeatedField(field)) }
            fields.append(field)
        }
        let shape = RecordShape(name: name, version: version, fields: fields)
        guard known.insert(shape).inserted else { throw RecordError(.repeatedShape) }
        shapes.append(shape)
        return shape
    }

    private mutating func name() throws(RecordError) -> String {
        let raw = try counted()
        guard RecordShape.isName(raw) else { throw RecordError(.malformedName) }
        return String(decoding: raw, as: UTF8.self)
    }

    private mutating func counted() throws(RecordError) -> ArraySlice<UInt8> {
        let count = try count()
        let content = bytes[position..<position + count]
        position += count
        return content
    }

    /// A length or count, never more than the bytes that are left.
    private mutating func count() throws(RecordError) -> Int {
        guard let count = Int(exactly: try number()), count <= left else { throw RecordError(.truncated) }
        return count
    }

    private mutating func number() throws(RecordError) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            let bits = UInt64(byte & 0x7F)
            // The tenth byte holds the topmost bit alone.
            guard shift < 63 || (shift == 63 && byte <= 1) else { throw RecordError(.malformedNumber) }
            number |= bits << shift
            guard byte & 0x80 != 0 else {
                // A last byte of zero means that a shorter form exists.
                guard byte != 0 || shift == 0 else { throw RecordError(.malformedNumber) }
                return number
            }
            shift += 7
        }
    }

    private mutating func byte() throws(RecordError) -> UInt8 {
        guard position < bytes.count else { throw RecordError(.truncated) }
        defer { position += 1 }
        return bytes[position]
    }
}
