// SPDX-License-Identifier: Apache-2.0

/// One machine-readable line: words and `key=value` fields, sent in one go.
public struct Line: ~Copyable {
    private var bytes = InlineArray<320, UInt8>(repeating: 0)
    private var count = 0

    init(_ first: StaticString) {
        append(first)
    }

    /// Adds a word.
    public mutating func word(_ text: StaticString) {
        append(byte: 0x20)
        append(text)
    }

    /// Adds `key=value`, the value in decimal.
    public mutating func field(_ key: StaticString, _ value: UInt64) {
        word(key)
        append(byte: 0x3D)
        append(decimal: value)
    }

    /// Adds `key=value`, the value in decimal.
    public mutating func field(_ key: StaticString, _ value: Int) {
        field(key, UInt64(value))
    }

    /// Adds `key=0x…`.
    public mutating func hex(_ key: StaticString, _ value: UInt64) {
        word(key)
        append("=0x")
        var shift = 60
        while shift > 0, value >> UInt64(shift) == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8((value >> UInt64(shift)) & 15)
            append(byte: digit < 10 ? 0x30 + digit : 0x57 + digit)
            shift -= 4
        }
    }

    /// Adds `key=word`.
    public mutating func field(_ key: StaticString, _ value: StaticString) {
        word(key)
        append(byte: 0x3D)
        append(value)
    }

    /// Adds `key=1,2,3`.
    public mutating func list(_ key: StaticString, _ values: [UInt64]) {
        word(key)
        append(byte: 0x3D)
        for index in values.indices {
            if index > 0 { append(byte: 0x2C) }
            append(decimal: values[index])
        }
    }

    /// Adds `key=text` for bytes a device gave; what is not printable becomes a dot.
    public mutating func text(_ key: StaticString, _ value: [UInt8]) {
        word(key)
        append(byte: 0x3D)
        for byte in value { append(byte: byte > 0x20 && byte < 0x7F ? byte : 0x2E) }
    }

    consuming func send() {
        append(byte: 0x0A, reserve: 0)
        let length = count
        withUnsafeBytes(of: &bytes) { Serial.send(UnsafeRawBufferPointer(rebasing: $0[0..<length])) }
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { for byte in $0 { append(byte: byte) } }
    }

    private mutating func append(decimal value: UInt64) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(byte: 0x30 + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// A line too long for its buffer is cut; the newline always fits.
    private mutating func append(byte: UInt8, reserve: Int = 1) {
        guard count < bytes.count - reserve else { return }
        bytes[count] = byte
        count += 1
    }
}

/// Prints one line: `report("result") { $0.field("count", 3) }`.
public func report(_ first: StaticString, _ body: (inout Line) -> Void = { _ in }) {
    var line = Line(first)
    body(&line)
    line.send()
}
