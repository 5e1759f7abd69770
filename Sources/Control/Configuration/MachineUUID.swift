// SPDX-License-Identifier: Apache-2.0

import Record

/// The identity of a machine, RFC 9562, in the order it is written in text.
public struct MachineUUID: RecordField, Hashable, Sendable, CustomStringConvertible {
    /// Sixteen bytes.
    public let bytes: [UInt8]

    /// The identity with these bytes, or nil when they are not sixteen.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads the form `5d307ca9-b3ef-428c-8861-06e72d69f223` in either case, or nil when it is another.
    public init?(_ text: String) {
        let characters = Array(text.utf8)
        guard characters.count == 36 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for (index, character) in characters.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard character == 0x2D else { return nil }
                continue
            }
            guard let digit = hexadecimalDigit(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        self.bytes = bytes
    }

    /// The lower-case text form.
    public var description: String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += hexadecimal(byte)
        }
        return text
    }

    /// The bytes as they travel.
    public var recordValue: RecordValue { .bytes(bytes) }

    /// The identity that `recordValue` holds.
    /// - Throws: `RecordError` when it is not sixteen bytes.
    public init(recordValue: RecordValue) throws(RecordError) {
        guard let value = Self(bytes: try [UInt8](recordValue: recordValue)) else {
            throw RecordError(.invalid("must be 16 bytes"))
        }
        self = value
    }
}
