// SPDX-License-Identifier: Apache-2.0

import Record

/// When a step was done.
public struct TimingMark: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "mark"

    /// The step.
    public var name: String
    /// How long after the launcher's process began, in nanoseconds.
    public var nanoseconds: UInt64

    /// A mark.
    public init(
        name: String, nanoseconds: UInt64
    ) {
        self.name = name
        self.nanoseconds = nanoseconds
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("nanoseconds", nanoseconds)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        nanoseconds = try fields.take("nanoseconds")
    }
}
