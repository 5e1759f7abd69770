// SPDX-License-Identifier: Apache-2.0

/// The kernel command line: `key=value` words.
public struct Arguments {
    private let text: [UInt8]

    init(address: UInt64) {
        var bytes: [UInt8] = []
        if address != 0 {
            var at = address
            while bytes.count < 4096 {
                let byte = Physical.read8(at)
                if byte == 0 { break }
                bytes.append(byte)
                at += 1
            }
        }
        text = bytes
    }

    /// The number of `key`: decimal or 0x…, with K, M or G (powers of 1024); `fallback` when absent or malformed.
    public func number(_ key: StaticString, _ fallback: UInt64) -> UInt64 {
        guard let range = find(key) else { return fallback }
        var index = range.lowerBound
        var base: UInt64 = 10
        if range.count > 2, text[index] == 0x30, text[index + 1] | 0x20 == 0x78 {
            base = 16
            index += 2
        }
        var value: UInt64 = 0
        while index < range.upperBound {
            let byte = text[index]
            let digit: UInt64
            switch byte {
            case 0x30...0x39: digit = UInt64(byte - 0x30)
            case 0x61...0x66 where base == 16: digit = UInt64(byte - 0x57)
            case 0x41...0x46 where base == 16: digit = UInt64(byte - 0x37)
            case 0x4B, 0x6B: return value << 10
            case 0x4D, 0x6D: return value << 20
            case 0x47, 0x67: return value << 30
            default: return fallback
            }
            value = value &* base &+ digit
            index += 1
        }
        return range.isEmpty ? fallback : value
    }

    /// Whether `key` was given with this value.
    public func has(_ key: StaticString, _ value: StaticString) -> Bool {
        guard let range = find(key), range.count == value.utf8CodeUnitCount else { return false }
        return value.withUTF8Buffer { wanted in
            for offset in 0..<wanted.count where text[range.lowerBound + offset] != wanted[offset] { return false }
            return true
        }
    }

    /// Whether `key` was given at all.
    public func has(_ key: StaticString) -> Bool {
        find(key) != nil
    }

    /// The bytes of `key`'s value.
    public func bytes(_ key: StaticString) -> [UInt8]? {
        guard let range = find(key) else { return nil }
        var value: [UInt8] = []
        for index in range { value.append(text[index]) }
        return value
    }

    private func find(_ key: StaticString) -> Range<Int>? {
        var start = 0
        while start < text.count {
            var end = start
            while end < text.count, text[end] > 0x20 { end += 1 }
            let length = key.utf8CodeUnitCount
            if end - start > length, text[start + length] == 0x3D, matches(key, at: start) {
                return (start + length + 1)..<end
            }
            start = end + 1
        }
        return nil
    }

    private func matches(_ key: StaticString, at start: Int) -> Bool {
        key.withUTF8Buffer { wanted in
            for offset in 0..<wanted.count where text[start + offset] != wanted[offset] { return false }
            return true
        }
    }
}
