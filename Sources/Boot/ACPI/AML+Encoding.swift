// SPDX-License-Identifier: Apache-2.0

extension AML {
    /// Appends the bytes of this term; opcodes are those of ACPI 6.4 §20.3.
    func encode(into out: inout [UInt8]) {
        switch self {
        case .scope(let name, let terms):
            Self.encodePackage([0x10], Self.nameString(name) + Self.list(terms), into: &out)
        case .device(let name, let terms):
            Self.encodePackage([0x5B, 0x82], Self.nameString(name) + Self.list(terms), into: &out)
        case .name(let name, let value):
            out.append(0x08)
            out += Self.nameString(name)
            value.encode(into: &out)
        case .method(let name, let arguments, let serialized, let terms):
            let flags = UInt8(truncatingIfNeeded: arguments & 7) | (serialized ? 8 : 0)
            Self.encodePackage([0x14], Self.nameString(name) + [flags] + Self.list(terms), into: &out)
        case .operationRegion(let name, let space, let offset, let length):
            out += [0x5B, 0x80] + Self.nameString(name) + [space.rawValue]
            offset.encode(into: &out)
            length.encode(into: &out)
        case .field(let region, let access, let units):
            var body = Self.nameString(region) + [access.rawValue]
            for unit in units {
                body += Self.segment(unit.name)
                body += Self.fieldLength(unit.bits)
            }
            Self.encodePackage([0x5B, 0x81], body, into: &out)
        case .createDWordField(let source, let byteIndex, let name):
            out.append(0x8A)
            source.encode(into: &out)
            byteIndex.encode(into: &out)
            out += Self.nameString(name)
        case .integer(let value):
            Self.encodeInteger(value, into: &out)
        case .string(let text):
            out.append(0x0D)
            out += text.utf8.filter { $0 != 0 }
            out.append(0)
        case .eisaID(let id):
            out.append(0x0C)
            out.append(le: id.encoded)
        case .buffer(let bytes):
            Self.encodeBuffer(bytes, into: &out)
        case .uuid(let uuid):
            Self.encodeBuffer(uuid.mixedEndian, into: &out)
        case .package(let terms):
            Self.encodePackage([0x12], [UInt8(truncatingIfNeeded: terms.count)] + Self.list(terms), into: &out)
        case .resources(let resources):
            Self.encodeBuffer(Resource.template(resources), into: &out)
        case .path(let name):
            out += Self.nameString(name)
        case .local(let number):
            out.append(0x60 + UInt8(truncatingIfNeeded: number & 7))
        case .argument(let number):
            out.append(0x68 + UInt8(truncatingIfNeeded: min(number & 7, 6)))
        case .store(let value, let target):
            Self.encodeOperation([0x70], [value, target], into: &out)
        case .and(let left, let right, let target):
            Self.encodeOperation([0x7B], [left, right, target], into: &out)
        case .or(let left, let right, let target):
            Self.encodeOperation([0x7D], [left, right, target], into: &out)
        case .equal(let left, let right):
            Self.encodeOperation([0x93], [left, right], into: &out)
        case .notEqual(let left, let right):
            Self.encodeOperation([0x92, 0x93], [left, right], into: &out)
        case .ifTrue(let condition, let terms):
            Self.encodePackage([0xA0], condition.encoded + Self.list(terms), into: &out)
        case .otherwise(let terms):
            Self.encodePackage([0xA1], Self.list(terms), into: &out)
        case .returnValue(let value):
            Self.encodeOperation([0xA4], [value], into: &out)
        }
    }

    private static func list(_ terms: [AML]) -> [UInt8] {
        var out: [UInt8] = []
        for term in terms { term.encode(into: &out) }
        return out
    }

    private static func encodeOperation(_ opcode: [UInt8], _ operands: [AML], into out: inout [UInt8]) {
        out += opcode
        for operand in operands { operand.encode(into: &out) }
    }

    private static func encodePackage(_ opcode: [UInt8], _ body: [UInt8], into out: inout [UInt8]) {
        out += opcode
        out += packageLength(of: body.count)
        out += body
    }

    private static func encodeBuffer(_ bytes: [UInt8], into out: inout [UInt8]) {
        var body: [UInt8] = []
        encodeInteger(UInt64(bytes.count), into: &body)
        encodePackage([0x11], body + bytes, into: &out)
    }

    private static func encodeInteger(_ value: UInt64, into out: inout [UInt8]) {
        switch value {
        case 0: out.append(0x00)
        case 1: out.append(0x01)
        case UInt64.max: out.append(0xFF)
        case ...0xFF:
            out.append(0x0A)
            out.append(UInt8(truncatingIfNeeded: value))
        case ...0xFFFF:
            out.append(0x0B)
            out.append(le: UInt16(truncatingIfNeeded: value))
        case ...0xFFFF_FFFF:
            out.append(0x0C)
            out.append(le: UInt32(truncatingIfNeeded: value))
        default:
            out.append(0x0E)
            out.append(le: value)
        }
    }

    /// PkgLength of a package whose body has `count` bytes; the length counts its own bytes (ACPI 6.4 §20.2.4).
    static func packageLength(of count: Int) -> [UInt8] {
        for extra in 0...3 {
            let total = count + extra + 1
            let limit = extra == 0 ? 0x40 : 1 << (4 + 8 * extra)
            if total < limit { return lengthBytes(total, extra: extra) }
        }
        preconditionFailure("An AML package is limited to 256 MiB")
    }

    /// The bit length of a field unit: PkgLength encoding, but of the bare number.
    private static func fieldLength(_ bits: Int) -> [UInt8] {
        lengthBytes(bits, extra: bits < 0x40 ? 0 : bits < 0x1000 ? 1 : bits < 0x10_0000 ? 2 : 3)
    }

    private static func lengthBytes(_ value: Int, extra: Int) -> [UInt8] {
        if extra == 0 { return [UInt8(truncatingIfNeeded: value & 0x3F)] }
        var out = [UInt8(truncatingIfNeeded: extra << 6 | value & 0xF)]
        for index in 0..<extra { out.append(UInt8(truncatingIfNeeded: value >> (4 + 8 * index))) }
        return out
    }

    /// NameString of an ASL path (ACPI 6.4 §20.2.2).
    static func nameString(_ path: String) -> [UInt8] {
        var rest = path[...]
        var out: [UInt8] = []
        while let first = rest.utf8.first, first == UInt8(ascii: "\\") || first == UInt8(ascii: "^") {
            out.append(first)
            rest = rest.dropFirst()
        }
        let segments = rest.split(separator: ".").map { segment(String($0)) }
        switch segments.count {
        case 0: out.append(0)
        case 1: out += segments[0]
        case 2: out += [0x2E] + segments[0] + segments[1]
        default: out += [0x2F, UInt8(truncatingIfNeeded: segments.count)] + segments.joined()
        }
        return out
    }

    private static func segment(_ name: String) -> [UInt8] {
        var out: [UInt8] = []
        out.append(ascii: name, count: 4, padding: UInt8(ascii: "_"))
        return out
    }
}
