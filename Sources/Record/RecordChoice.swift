// SPDX-License-Identifier: Apache-2.0

/// An enum with payloads: it travels as a record named after the case, whose fields are the payload.
///
///     enum Backing: RecordChoice {
///         case anonymous, hugetlb(pageBytes: UInt64)
///         var caseName: String { switch self { case .anonymous: "anonymous"; case .hugetlb: "hugetlb" } }
///         func encode(into fields: inout RecordEncoder) {
///             if case .hugetlb(let pageBytes) = self { fields.put("pageBytes", pageBytes) }
///         }
///         init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
///             switch name {
///             case "anonymous": self = .anonymous
///             case "hugetlb": self = .hugetlb(pageBytes: try fields.take("pageBytes"))
///             default: throw fields.unknownCase
///             }
///         }
///     }
///
/// A payload that is itself `Recordable` needs no level of its own: pass `fields` on to its `encode(into:)` and
/// `init(from:)`.
public protocol RecordChoice: RecordField {
    /// The version that this build writes and the newest that it reads; 1 unless the type says otherwise.
    static var recordVersion: UInt16 { get }
    /// The name of this value's case in the stream.
    var caseName: String { get }

    /// Puts every field of this value's case.
    func encode(into fields: inout RecordEncoder)

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case (`fields.unknownCase`) or a field is not what it should be.
    init(case name: String, from fields: inout RecordDecoder) throws(RecordError)
}

extension RecordChoice {
    /// Version 1.
    public static var recordVersion: UInt16 { 1 }

    /// The case as it travels.
    public var recordValue: RecordValue {
        var fields = RecordEncoder()
        encode(into: &fields)
        return .record(fields.finish(name: caseName, version: Self.recordVersion))
    }

    /// The case that `recordValue` holds.
    /// - Throws: `RecordError` when it is not a record, names no case, is newer, or has fields that do not belong.
    public init(recordValue: RecordValue) throws(RecordError) {
        guard case .record(let object) = recordValue else {
            throw RecordError(.wrongKind(expected: "record", found: recordValue.kind))
        }
        var fields = RecordDecoder(object)
        try fields.refuseNewer(than: Self.recordVersion)
        self = try Self(case: object.shape.name, from: &fields)
        try fields.refuseUntaken()
    }
}
