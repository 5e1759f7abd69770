// SPDX-License-Identifier: Apache-2.0

/// A record's type as it travels: its name, its version and the names of its fields in order.
public struct RecordShape: Sendable, Hashable {
    /// The longest name of a record or field, in bytes.
    public static let maximumNameLength = 64

    /// The record's name.
    public let name: String
    /// The version of the record's meaning.
    public let version: UInt16
    /// The names of its fields, in the order of their values.
    public let fields: [String]

    /// Whether `bytes` may name a record or a field: 1 to 64 ASCII letters, digits, `_` or `-`.
    static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= maximumNameLength else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
            default: false
            }
        }
    }
}
