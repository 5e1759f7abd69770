// SPDX-License-Identifier: Apache-2.0

/// A message between a DHCPv6 client and a server (RFC 8415 §8): its type, its number, its options in order.
struct DHCPv6Message: Equatable {
    /// The types (§7.3) that a server sends or answers.
    enum Kind: UInt8 {
        case solicit = 1
        case advertise = 2
        case request = 3
        case confirm = 4
        case renew = 5
        case rebind = 6
        case reply = 7
        case release = 8
        case decline = 9
        case informationRequest = 11
    }

    /// An option's code (§21) and value.
    struct Option: Equatable {
        var code: UInt16
        var value: [UInt8]
    }

    /// What it is.
    var kind: Kind
    /// The three bytes that a reply repeats.
    var transaction: [UInt8]
    /// The options in order.
    var options: [Option]

    init(_ kind: Kind, transaction: [UInt8], options: [Option] = []) {
        self.kind = kind
        self.transaction = transaction
        self.options = options
    }

    /// Reads a datagram; nil for a relay's message and for what is malformed.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4, let kind = Kind(rawValue: bytes[0]), let options = Self.options(bytes[4...]) else {
            return nil
        }
        self.init(kind, transaction: Array(bytes[1..<4]), options: options)
    }

    /// The value of the first option of this code.
    subscript(code: UInt16) -> [UInt8]? { options.first { $0.code == code }?.value }

    /// The bytes on the wire.
    var encoded: [UInt8] { [kind.rawValue] + transaction + Self.encode(options) }

    /// Options as they stand one after the other; nil when the last one is cut off.
    static func options(_ bytes: ArraySlice<UInt8>) -> [Option]? {
        var options: [Option] = []
        var rest = bytes
        while !rest.isEmpty {
            let start = rest.startIndex
            guard rest.count >= 4 else { return nil }
            let length = Int(rest[start + 2]) << 8 | Int(rest[start + 3])
            guard length <= rest.count - 4 else { return nil }
            options.append(
                Option(
                    code: UInt16(rest[start]) << 8 | UInt16(rest[start + 1]),
                    value: Array(rest[start + 4..<start + 4 + length])))
            rest = rest.dropFirst(4 + length)
        }
        return options
    }

    /// The bytes of options.
    static func encode(_ options: [Option]) -> [UInt8] {
        options.flatMap { option -> [UInt8] in
            let value = option.value.prefix(Int(UInt16.max))
            return [
                UInt8(option.code >> 8), UInt8(truncatingIfNeeded: option.code), UInt8(value.count >> 8),
                UInt8(truncatingIfNeeded: value.count),
            ] + value
        }
    }
}
