// SPDX-License-Identifier: Apache-2.0

public import Record

/// What a console carries to another host beside its transport's state.
public struct ConsoleState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "console"

    /// The ports by rising number.
    public var ports: [PortState]

    /// A state.
    public init(ports: [PortState]) { self.ports = ports }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) { fields.put("ports", ports) }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) { ports = try fields.take("ports") }
}
