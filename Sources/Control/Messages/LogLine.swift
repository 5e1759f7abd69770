// SPDX-License-Identifier: Apache-2.0

import Record

/// One line of a log.
public struct LogLine: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "line"

    /// How much it matters.
    public var level: LogLevel
    /// The line, without its end.
    public var text: String

    /// A line.
    public init(
        level: LogLevel, text: String
    ) {
        self.level = level
        self.text = text
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("level", level)
        fields.put("text", text)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        level = try fields.take("level")
        text = try fields.take("text")
    }
}
