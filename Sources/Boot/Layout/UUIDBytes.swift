// SPDX-License-Identifier: Apache-2.0

/// The sixteen bytes of a UUID in the order its text shows them.
public struct UUIDBytes: Equatable, Sendable {
    /// The bytes, most significant first; always sixteen.
    public let bytes: [UInt8]

    /// Takes a textual UUID, with or without dashes; nil unless it has exactly 32 hexadecimal digits.
    public init?(_ text: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text where character != "-" {
            guard character.isASCII, let digit = character.hexDigitValue else { return nil }
            let nibble = UInt8(truncatingIfNeeded: digit)
            if let upper = high {
                bytes.append(upper << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        guard bytes.count == 16, high == nil else { return nil }
        self.bytes = bytes
    }

    init(_ high: UInt64, _ low: UInt64) {
        var bytes: [UInt8] = []
        bytes.append(le: high.byteSwapped)
        bytes.append(le: low.byteSwapped)
        self.bytes = bytes
    }

    /// The form SMBIOS and ACPI store: the first three fields little-endian (SMBIOS 3.0 §7.2.1).
    public var mixedEndian: [UInt8] {
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
        return order.map { bytes[$0] }
    }
}
