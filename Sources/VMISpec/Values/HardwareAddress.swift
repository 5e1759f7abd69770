// SPDX-License-Identifier: Apache-2.0

/// An Ethernet address of a guest's interface.
public struct HardwareAddress: Hashable, Sendable, CustomStringConvertible {
    /// The six bytes in the order they are sent.
    public let bytes: [UInt8]

    /// Parses six pairs of hexadecimal digits between colons or dashes, or three groups of four between dots,
    /// as Go's `net.ParseMAC` does; nil for anything else.
    public init?(_ text: String) {
        let characters = Array(text.utf8)
        let separator: UInt8
        let group: Int
        switch characters.count {
        case 17: (separator, group) = (characters[2], 2)
        case 14: (separator, group) = (characters[4], 4)
        default: return nil
        }
        guard separator == UInt8(ascii: ".") ? group == 4 : group == 2 else { return nil }
        guard [UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(separator) else { return nil }
        var digits: [UInt8] = []
        for (index, character) in characters.enumerated() {
            if index % (group + 1) == group {
                guard character == separator else { return nil }
            } else {
                guard let digit = hexadecimalDigit(character) else { return nil }
                digits.append(digit)
            }
        }
        guard digits.count == 12 else { return nil }
        bytes = (0..<6).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] }
    }

    /// True for group addresses, which no interface can have.
    public var isGroup: Bool { bytes.first.map { $0 & 1 == 1 } ?? false }

    /// Six pairs of lower-case digits between colons.
    public var description: String {
        bytes.map(hexadecimal).joined(separator: ":")
    }
}
