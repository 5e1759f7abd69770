// SPDX-License-Identifier: Apache-2.0

import Record

/// An Ethernet address, IEEE 802 EUI-48.
public struct MACAddress: RecordField, Hashable, Sendable, CustomStringConvertible {
    /// Six bytes.
    public let bytes: [UInt8]

    /// The address with these bytes, or nil when they are not six.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    /// Reads `02:00:00:00:00:01` or `02-00-00-00-00-01` in either case, or nil when it is another form.
    public init?(_ text: String) {
        let characters = Array(text.utf8)
        guard characters.count == 17, characters[2] == 0x3A || characters[2] == 0x2D else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: 17, by: 3) {
            guard let high = hexadecimalDigit(characters[start]), let low = hexadecimalDigit(characters[start + 1])
            else { return nil }
            guard start == 15 || characters[start + 2] == characters[2] else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// Whether the address may belong to one interface: not a group address and not all zeros.
    public var isUnicast: Bool { bytes[0] & 1 == 0 && bytes.contains { $0 != 0 } }

    /// Six lower-case pairs of digits between colons.
    public var description: String { bytes.map(hexadecimal).joined(separator: ":") }

    /// The bytes as they travel.
    public var recordValue: RecordValue { .bytes(bytes) }

    /// The address that `recordValue` holds.
    /// - Throws: `RecordError` when it is not six bytes.
    public init(recordValue: RecordValue) throws(RecordError) {
        guard let value = Self(bytes: try [UInt8](recordValue: recordValue)) else {
            throw RecordError(.invalid("must be 6 bytes"))
        }
        self = value
    }
}
