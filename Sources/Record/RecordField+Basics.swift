// SPDX-License-Identifier: Apache-2.0

extension Bool: RecordField {
    /// The truth value as it travels.
    public var recordValue: RecordValue { .bool(self) }

    /// The truth value that `recordValue` holds.
    /// - Throws: `RecordError` when it is of another kind.
    public init(recordValue: RecordValue) throws(RecordError) {
        guard case .bool(let value) = recordValue else {
            throw RecordError(.wrongKind(expected: "bool", found: recordValue.kind))
        }
        self = value
    }
}

extension String: RecordField {
    /// The text as it travels.
    public var recordValue: RecordValue { .text(self) }

    /// The text that `recordValue` holds.
    /// - Throws: `RecordError` when it is of another kind.
    public init(recordValue: RecordValue) throws(RecordError) {
        guard case .text(let value) = recordValue else {
            throw RecordError(.wrongKind(expected: "text", found: recordValue.kind))
        }
        self = value
    }
}

extension Array: RecordField where Element: RecordField {
    /// The elements in the form that their type chooses: bytes, numbers or a list.
    public var recordValue: RecordValue { Element.recordValue(listing: self) }

    /// The list that `recordValue` holds.
    /// - Throws: `RecordError` when it is of another kind or one of its elements is not an `Element`.
    public init(recordValue: RecordValue) throws(RecordError) {
        self = try Element.list(from: recordValue)
    }
}

/// A nil inside another optional reads back as the outer nil: give such a type a `RecordChoice` instead.
extension Optional: RecordField where Wrapped: RecordField {
    /// The wrapped value, or absent.
    public var recordValue: RecordValue { self?.recordValue ?? .absent }

    /// The value that `recordValue` holds, or nil when it is absent.
    /// - Throws: `RecordError` when it is present and not a `Wrapped`.
    public init(recordValue: RecordValue) throws(RecordError) {
        if case .absent = recordValue {
            self = nil
        } else {
            self = try Wrapped(recordValue: recordValue)
        }
    }
}
