// SPDX-License-Identifier: Apache-2.0

import Record

/// Who the launcher is.
public struct LauncherGreeting: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "greeting"

    /// The launcher's version.
    public var version: String
    /// Its process.
    public var processID: Int32

    /// A greeting.
    public init(
        version: String, processID: Int32
    ) {
        self.version = version
        self.processID = processID
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("version", version)
        fields.put("processID", processID)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        version = try fields.take("version")
        processID = try fields.take("processID")
    }
}
