// SPDX-License-Identifier: Apache-2.0

/// Writes JSON text.
struct JSONWriter {
    private(set) var output: [UInt8] = []
    private let indentation: Int?
    private let sortedKeys: Bool

    init(indentation: Int?, sortedKeys: Bool) {
        self.indentation = indentation.map { max(0, min($0, 16)) }
        self.sortedKeys = sortedKeys
    }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .number(let number): append(number.text)
        case .string(let text): write(text)
        case .array(let elements): write(elements, level: level)
        case .object(let object): write(object, level: level)
        }
    }

    private mutating func write(_ elements: [JSONValue], level: Int) {
        guard !elements.isEmpty else { return append("[]") }
        append("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { append(",") }
            breakLine(level + 1)
            write(element, level: level + 1)
        }
        breakLine(level)
        append("]")
    }

    private mutating func write(_ object: JSONObject, level: Int) {
        guard !object.isEmpty else { return append("{}") }
        append("{")
        let keys = sortedKeys ? object.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } : object.keys
        for (index, key) in keys.enumerated() {
            if index > 0 { append(",") }
            breakLine(level + 1)
            write(key)
            append(indentation == nil ? ":" : ": ")
            write(object[key] ?? .null, level: level + 1)
        }
        breakLine(level)
        append("}")
    }

    private mutating func write(_ text: String) {
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: output.append(contentsOf: Array(String(Character(scalar)).utf8))
            }
        }
        append("\"")
    }

    private mutating func breakLine(_ level: Int) {
        guard let indentation else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indentation * level))
    }

    private mutating func append(_ text: String) {
        output.append(contentsOf: text.utf8)
    }
}
