// SPDX-License-Identifier: Apache-2.0

extension Quantity {
    /// Parses Kubernetes' grammar: `[+-]digits[.digits][suffix]`.
    ///
    /// - Throws: `QuantityError` for text outside the grammar, more than 128 characters, or an amount beyond 64 bits.
    public init(_ text: String) throws(QuantityError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { throw .malformed("is empty") }
        guard bytes.count <= 128 else { throw .malformed("has more than 128 characters") }
        var position = 0
        let negative = bytes[0] == UInt8(ascii: "-")
        if negative || bytes[0] == UInt8(ascii: "+") { position = 1 }

        var magnitude = BigNatural()
        var digits = 0
        var fraction = 0
        var inFraction = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                magnitude.multiply(by: 10)
                magnitude.add(UInt32(byte - UInt8(ascii: "0")))
                digits += 1
                if inFraction { fraction += 1 }
            } else if byte == UInt8(ascii: "."), !inFraction {
                inFraction = true
            } else {
                break
            }
            position += 1
        }
        guard digits > 0 else { throw .malformed("does not start with a number") }

        let suffix = String(decoding: bytes[position...], as: UTF8.self)
        let scale = try Self.scale(of: suffix)
        for _ in 0..<scale.binary { magnitude.multiply(by: 1024) }
        let limit = BigNatural(Int64.max, billionfold: true)
        let shift = scale.decimal - fraction + 9
        var nanos = magnitude
        if !magnitude.isZero {
            if shift >= 0 {
                guard shift <= 40 else { throw .tooLarge }
                for _ in 0..<shift { nanos.multiply(by: 10) }
            } else {
                // Beyond 300 places nothing of a 128-digit number is left but the rounding.
                var rest = false
                for _ in 0..<min(-shift, 300) where nanos.divide(by: 10) != 0 { rest = true }
                if rest { nanos.add(1) }
            }
        }
        guard let amount = nanos.value(atMost: limit) else { throw .tooLarge }
        var format = scale.format
        if format == .binary, amount < Self.one { format = .decimal }
        self.init(nanos: negative ? -amount : amount, format: format)
    }

    private static func scale(
        of suffix: String
    ) throws(QuantityError) -> (binary: Int, decimal: Int, format: Format) {
        if let index = decimalSuffixes.firstIndex(of: suffix) {
            return (0, (index - 3) * 3, .decimal)
        }
        if let index = binarySuffixes.firstIndex(of: suffix) {
            return (index, 0, .binary)
        }
        if let first = suffix.utf8.first, first == UInt8(ascii: "e") || first == UInt8(ascii: "E") {
            let digits = suffix.utf8.dropFirst()
            let unsigned =
                digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") ? digits.dropFirst() : digits
            if !unsigned.isEmpty, unsigned.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
                // An exponent of many digits means "far beyond", in its direction.
                let far = digits.first == UInt8(ascii: "-") ? -1000 : 1000
                return (0, max(-1000, min(Int(String(decoding: digits, as: UTF8.self)) ?? far, 1000)), .exponent)
            }
        }
        throw .suffix(suffix)
    }
}
