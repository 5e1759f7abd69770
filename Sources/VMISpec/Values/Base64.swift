// SPDX-License-Identifier: Apache-2.0

/// Standard base64 with padding (RFC 4648 §4); line breaks are skipped, as Go's decoder does.
public enum Base64 {
    /// The decoded bytes; nil if the text is not valid.
    public static func decode(_ text: String) -> [UInt8]? {
        var decoded: [UInt8] = []
        var buffer: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text.utf8 where character != 0x0A && character != 0x0D {
            if character == UInt8(ascii: "=") {
                padding += 1
                count += 1
                buffer <<= 6
            } else {
                guard padding == 0, let value = value(of: character) else { return nil }
                buffer = buffer << 6 | UInt32(value)
                count += 1
            }
            guard padding <= 2 else { return nil }
            if count % 4 == 0 {
                let bytes = [16, 8, 0].map { UInt8(truncatingIfNeeded: buffer >> $0) }
                decoded.append(contentsOf: bytes.prefix(3 - padding))
                buffer = 0
            } else if padding > 0, count % 4 == 1 {
                return nil
            }
        }
        guard count % 4 == 0 else { return nil }
        return decoded
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
