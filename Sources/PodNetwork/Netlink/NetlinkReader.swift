// SPDX-License-Identifier: Apache-2.0

/// Attributes of a message by their types; what does not fit into the bytes ends the list.
struct NetlinkAttributes {
    private var values: [UInt16: ArraySlice<UInt8>] = [:]

    init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let length = rest.half(at: 0), let type = rest.half(at: 2), length >= 4, Int(length) <= rest.count {
            let start = rest.startIndex
            // The two highest bits say "nested" and "network order".
            values[type & 0x3FFF] = rest[start + 4..<start + Int(length)]
            rest = rest.dropFirst((Int(length) + 3) & ~3)
        }
    }

    /// The bytes of an attribute.
    subscript(_ type: UInt16) -> ArraySlice<UInt8>? { values[type] }

    /// An attribute of 32 bits.
    func word(_ type: UInt16) -> UInt32? { values[type]?.word(at: 0) }

    /// An attribute of one byte.
    func byte(_ type: UInt16) -> UInt8? { values[type]?.first }

    /// A text up to its zero byte.
    func text(_ type: UInt16) -> String? {
        values[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The attributes in an attribute; none where it is not there.
    func nested(_ type: UInt16) -> NetlinkAttributes { NetlinkAttributes(values[type] ?? []) }
}

extension ArraySlice<UInt8> {
    /// 16 bits at an offset from the slice's start in the order of this machine; nil beyond its end.
    func half(at offset: Int) -> UInt16? {
        guard offset >= 0, count >= 2, offset <= count - 2 else { return nil }
        return UInt16(self[startIndex + offset]) | UInt16(self[startIndex + offset + 1]) << 8
    }

    /// 32 bits at an offset from the slice's start in the order of this machine; nil beyond its end.
    func word(at offset: Int) -> UInt32? {
        guard let low = half(at: offset), let high = half(at: offset + 2) else { return nil }
        return UInt32(low) | UInt32(high) << 16
    }
}
