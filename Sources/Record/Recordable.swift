// SPDX-License-Identifier: Apache-2.0

/// A type that travels as a record: named fields under a name and a version.
///
///     struct UARTState: Recordable {
///         static let recordName = "uart"
///         var ier: UInt8
///         func encode(into fields: inout RecordEncoder) { fields.put("ier", ier) }
///         init(from fields: inout RecordDecoder) throws(RecordError) { ier = try fields.take("ier") }
///     }
///
/// Raise `recordVersion` when a field is added or changes its meaning; read the field with
/// `fields.take("new", default: …)`, or look at `fields.version`, so that older streams stay readable.
public protocol Recordable: RecordField {
    /// The name in the stream: 1 to 64 ASCII letters, digits, `_` or `-`.
    static var recordName: String { get }
    /// The version that this build writes and the newest that it reads; 1 unless the type says otherwise.
    static var recordVersion: UInt16 { get }
    /// Whether newer versions and unknown fields are passed over instead of refused; false unless the type says so.
    static var ignoresUnknownFields: Bool { get }

    /// Puts every field.
    func encode(into fields: inout RecordEncoder)

    /// Takes every field; a field left untaken is refused after this returns.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    init(from fields: inout RecordDecoder) throws(RecordError)
}

extension Recordable {
    /// Version 1.
    public static var recordVersion: UInt16 { 1 }

    /// Unknown fields are refused.
    public static var ignoresUnknownFields: Bool { false }

    /// The record as it travels.
    public var recordValue: RecordValue {
        var fields = RecordEncoder()
        encode(into: &fields)
        return .record(fields.finish(name: Self.recordName, version: Self.recordVersion))
    }

    /// The value of the record that `recordValue` holds.
    /// - Throws: `RecordError` when it is not a record of this name, is newer, or has fields that do not belong.
    public init(recordValue: RecordValue) throws(RecordError) {
        guard case .record(let object) = recordValue, object.shape.name == Self.recordName else {
            throw RecordError(.wrongKind(expected: "record \(Self.recordName)", found: recordValue.kind))
        }
        var fields = RecordDecoder(object)
        if !Self.ignoresUnknownFields { try fields.refuseNewer(than: Self.recordVersion) }
        self = try Self(from: &fields)
        if !Self.ignoresUnknownFields { try fields.refuseUntaken() }
    }
}
