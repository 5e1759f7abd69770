// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a stream.
public enum RecordErrorReason: Equatable, Sendable, CustomStringConvertible {
    /// The bytes do not begin with the codec's magic number.
    case notARecord
    /// The stream was written with another grammar.
    case unknownCodec(version: UInt8)
    /// The stream ends inside a value, or a length or count exceeds what is left of it.
    case truncated
    /// Bytes follow the value.
    case trailingBytes(count: Int)
    /// The stream is longer than allowed, in bytes.
    case tooLong(maximum: Int)
    /// Lists and records nest deeper than allowed.
    case tooDeep(maximum: Int)
    /// The stream holds more values than allowed.
    case tooManyValues(maximum: Int)
    /// A number does not fit its type or is not in its shortest form.
    case malformedNumber
    /// Text is not UTF-8.
    case malformedText
    /// A record or field name has a forbidden character or length.
    case malformedName
    /// A value's kind is not one of the grammar's.
    case unknownKind(UInt8)
    /// A record refers to a shape that was not defined before it.
    case unknownShape(index: UInt64)
    /// A shape is defined a second time.
    case repeatedShape
    /// A shape names a field twice.
    case repeatedField(String)
    /// The value is of another kind than its reader expects.
    case wrongKind(expected: String, found: String)
    /// The number does not fit the type its reader expects.
    case outOfRange(type: String, found: String)
    /// The record was written by a newer version than this build knows.
    case newerVersion(found: UInt16, known: UInt16)
    /// The record lacks a field that its reader needs.
    case missingField
    /// The record has a field that its reader does not know.
    case unknownField
    /// The value names a case that its reader does not know.
    case unknownCase(name: String)
    /// The value breaks a rule of its type, told in a few words.
    case invalid(String)

    /// The reason in a few words.
    public var description: String {
        switch self {
        case .notARecord: "not a record stream"
        case .unknownCodec(let version):
            "codec version \(version) is not the \(Record.codecVersion) that this build reads"
        case .truncated: "the stream ends too early"
        case .trailingBytes(let count): "\(count) bytes follow the value"
        case .tooLong(let maximum): "longer than \(maximum) bytes"
        case .tooDeep(let maximum): "nested deeper than \(maximum) levels"
        case .tooManyValues(let maximum): "more than \(maximum) values"
        case .malformedNumber: "malformed number"
        case .malformedText: "text is not UTF-8"
        case .malformedName: "malformed name"
        case .unknownKind(let kind): "unknown kind of value \(kind)"
        case .unknownShape(let index): "refers to shape \(index), which is not defined"
        case .repeatedShape: "defines a shape that is already defined"
        case .repeatedField(let name): "names the field \(name) twice"
        case .wrongKind(let expected, let found): "expected \(expected), found \(found)"
        case .outOfRange(let type, let found): "\(found) does not fit \(type)"
        case .newerVersion(let found, let known): "version \(found) is newer than the \(known) that this build reads"
        case .missingField: "missing"
        case .unknownField: "unknown field"
        case .unknownCase(let name): "unknown case \(name)"
        case .invalid(let rule): rule
        }
    }
}
