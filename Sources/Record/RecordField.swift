// SPDX-License-Identifier: Apache-2.0

/// A type whose values can be a field of a record, an element of a list, or a stream's only value.
///
/// Integers, `Bool`, `String`, `[UInt8]` (as bytes), arrays, optionals, `Recordable` and `RecordChoice` types conform.
/// An enum with raw values conforms by naming this protocol: `enum Level: UInt8, RecordField`.
public protocol RecordField {
    /// This value as it travels.
    var recordValue: RecordValue { get }

    /// The value that `recordValue` holds.
    /// - Throws: `RecordError` when it is of another kind, does not fit, or breaks a rule of the type.
    init(recordValue: RecordValue) throws(RecordError)

    /// A list of such values as it travels.
    static func recordValue(listing values: [Self]) -> RecordValue

    /// The list of such values that `value` holds.
    /// - Throws: `RecordError` when it is of another kind or one of its elements is not a `Self`.
    static func list(from value: RecordValue) throws(RecordError) -> [Self]
}

extension RecordField {
    /// A list with one value an element.
    public static func recordValue(listing values: [Self]) -> RecordValue {
        .list(values.map(\.recordValue))
    }

    /// Reads a list with one value an element.
    /// - Throws: `RecordError` when it is not a list or one of its elements is not a `Self`.
    public static func list(from value: RecordValue) throws(RecordError) -> [Self] {
        guard case .list(let values) = value else {
            throw RecordError(.wrongKind(expected: "list", found: value.kind))
        }
        var list: [Self] = []
        list.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            do {
                list.append(try Self(recordValue: value))
            } catch {
                throw error.inside(.index(index))
            }
        }
        return list
    }
}

extension RecordField where Self: RawRepresentable, RawValue: RecordField {
    /// The raw value as it travels.
    public var recordValue: RecordValue { rawValue.recordValue }

    /// The case whose raw value is `recordValue`.
    /// - Throws: `RecordError` when no case has it.
    public init(recordValue: RecordValue) throws(RecordError) {
        guard let value = Self(rawValue: try RawValue(recordValue: recordValue)) else {
            throw RecordError(.unknownCase(name: recordValue.description))
        }
        self = value
    }
}
