// SPDX-License-Identifier: Apache-2.0

extension RecordValue: CustomStringConvertible {
    /// The value for people: one field or element a line, short lists and bytes on one.
    public var description: String {
        var text = ""
        describe(into: &text, indent: "")
        return text
    }

    /// The value as JSON: a record is an object whose `@record` and `@version` members name its type, bytes are
    /// lower-case hexadecimal text, absent is null.
    public var json: String {
        var text = ""
        json(into: &text)
        return text
    }

    private func describe(into text: inout String, indent: String) {
        let deeper = indent + "  "
        switch self {
        case .absent: text += "absent"
        case .bool(let value): text += value ? "true" : "false"
        case .unsigned(let number): text += String(number)
        case .signed(let number): text += String(number)
        case .text(let value): Self.quote(value, into: &text)
        case .bytes(let bytes): text += "\(bytes.count) bytes <\(Self.hexadecimal(bytes, at: indent))>"
        case .numbers(let numbers): text += "[\(numbers.map { String($0) }.joined(separator: ", "))]"
        case .list(let values) where values.isEmpty: text += "[]"
        case .list(let values):
            text += "["
            for value in values {
                text += "\n\(deeper)"
                value.describe(into: &text, indent: deeper)
            }
            text += "\n\(indent)]"
        case .record(let object):
            text += "\(object.shape.name)/\(object.shape.version) {"
            for (field, value) in zip(object.shape.fields, object.values) {
                text += "\n\(deeper)\(field): "
                value.describe(into: &text, indent: deeper)
            }
            text += object.values.isEmpty ? "}" : "\n\(indent)}"
        }
    }

    private func json(into text: inout String) {
        switch self {
        case .absent: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .unsigned(let number): text += String(number)
        case .signed(let number): text += String(number)
        case .text(let value): Self.quote(value, into: &text)
        case .bytes(let bytes): text += "\"\(Self.hexadecimal(bytes, at: nil))\""
        case .numbers(let numbers): text += "[\(numbers.map { String($0) }.joined(separator: ","))]"
        case .list(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.json(into: &text)
            }
            text += "]"
        case .record(let object):
            text += "{\"@record\":\"\(object.shape.name)\",\"@version\":\(object.shape.version)"
            for (field, value) in zip(object.shape.fields, object.values) {
                text += ",\"\(field)\":"
                value.json(into: &text)
            }
            text += "}"
        }
    }

    /// Two digits a byte; with an indent, 32 bytes a line once there are more than that.
    private static func hexadecimal(_ bytes: [UInt8], at indent: String?) -> String {
        var text = ""
        text.reserveCapacity(bytes.count * 2)
        for (index, byte) in bytes.enumerated() {
            if let indent, bytes.count > 32, index % 32 == 0 { text += "\n\(indent)  " }
            text += byte < 16 ? "0" : ""
            text += String(byte, radix: 16)
        }
        return text
    }

    /// Quotes as JSON does, so that a peer's text cannot break a line or a terminal.
    private static func quote(_ value: String, into text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
