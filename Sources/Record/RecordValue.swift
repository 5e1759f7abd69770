// SPDX-License-Identifier: Apache-2.0

/// One value of a stream, before it becomes a Swift type.
public enum RecordValue: Sendable, Equatable {
    /// An optional without a value.
    case absent
    /// A truth value.
    case bool(Bool)
    /// A number that is never negative.
    case unsigned(UInt64)
    /// A number that may be negative.
    case signed(Int64)
    /// Text, valid UTF-8.
    case text(String)
    /// Raw bytes.
    case bytes([UInt8])
    /// A packed list of unsigned numbers.
    case numbers([UInt64])
    /// A list of values.
    case list([RecordValue])
    /// Named fields under a name and a version.
    indirect case record(RecordObject)

    /// What this value is called in messages.
    public var kind: String {
        switch self {
        case .absent: "absent"
        case .bool: "bool"
        case .unsigned: "unsigned"
        case .signed: "signed"
        case .text: "text"
        case .bytes: "bytes"
        case .numbers: "numbers"
        case .list: "list"
        case .record(let object): "record \(object.shape.name)"
        }
    }
}

extension RecordValue: RecordField {
    /// This value itself.
    public var recordValue: RecordValue { self }

    /// Takes any value as it is.
    public init(recordValue: RecordValue) throws(RecordError) { self = recordValue }
}
