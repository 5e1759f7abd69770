// SPDX-License-Identifier: Apache-2.0

import Record

/// A named number that only grows, or a gauge.
public struct Counter: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "counter"

    /// Its name.
    public var name: String
    /// Its value, in the unit that its name tells.
    public var value: UInt64

    /// A counter.
    public init(
        name: String, value: UInt64
    ) {
        self.name = name
        self.value = value
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("value", value)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        value = try fields.take("value")
    }
}
