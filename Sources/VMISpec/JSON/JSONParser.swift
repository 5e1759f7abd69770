// SPDX-License-Identifier: Apache-2.0

/// A strict parser of RFC 8259: one value, UTF-8 only, no key twice in an object, everything bounded.
struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0
    private var depth = 0
    private var values = 0

    init(_ bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Parses the whole document.
    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw failure("The document has \(bytes.count) bytes; at most \(limits.bytes) are read")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw failure("The document starts with a byte order mark; remove it")
        }
        skipWhitespace()
        guard position < bytes.count else { throw failure("The document is empty") }
        let value = try value()
        skipWhitespace()
        guard position == bytes.count else { throw failure("Only one value is expected; more follows it") }
        return value
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        values += 1
        guard values <= limits.values else {
            throw failure("The document has more than \(limits.values) values")
        }
        guard let first = peek() else { throw failure("The document ends where a value is expected") }
        switch first {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", is: .bool(true))
        case UInt8(ascii: "f"): return try word("false", is: .bool(false))
        case UInt8(ascii: "n"): return try word("null", is: .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw failure("A value is expected here")
        }
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONObject {
        try enter()
        var object = JSONObject()
        skipWhitespace()
        if take(UInt8(ascii: "}")) {
            depth -= 1
            return object
        }
        while true {
            skipWhitespace()
            guard peek() == UInt8(ascii: "\"") else { throw failure("A key in double quotes is expected here") }
            let start = position
            let key = try string()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw failure("':' is expected after the key") }
            skipWhitespace()
            let value = try value()
            guard object[key] == nil else {
                throw failure("The key \(printable(key)) is given twice in one object", at: start)
            }
            object[key] = value
            skipWhitespace()
            if take(UInt8(ascii: "}")) { break }
            guard take(UInt8(ascii: ",")) else { throw failure("',' or '}' is expected here") }
        }
        depth -= 1
        return object
    }

    private mutating func array() throws(JSONSyntaxError) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        skipWhitespace()
        if take(UInt8(ascii: "]")) {
            depth -= 1
            return elements
        }
        while true {
            skipWhitespace()
            elements.append(try value())
            skipWhitespace()
            if take(UInt8(ascii: "]")) { break }
            guard take(UInt8(ascii: ",")) else { throw failure("',' or ']' is expected here") }
        }
        depth -= 1
        return elements
    }

    private mutating func enter() throws(JSONSyntaxError) {
        depth += 1
        guard depth <= limits.depth else {
            throw failure("Lists and objects are nested deeper than \(limits.depth)")
        }
        position += 1
    }

    private mutating func word(_ word: StaticString, is value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        for expected in word.description.utf8 {
            guard take(expected) else { throw failure("'\(word)' is expected here") }
        }
        return value
    }

    func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    func failure(_ message: String, at offset: Int? = nil) -> JSONSyntaxError {
        let offset = min(offset ?? position, bytes.count)
        let before = bytes[..<offset]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(offset: offset, line: line, column: offset - lineStart + 1, message: message)
    }
}
