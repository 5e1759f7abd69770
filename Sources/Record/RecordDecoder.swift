// SPDX-License-Identifier: Apache-2.0

/// Hands out the fields of one record, each once, in any order.
public struct RecordDecoder {
    private let object: RecordObject
    private var taken: [Bool]

    init(_ object: RecordObject) {
        self.object = object
        self.taken = [Bool](repeating: false, count: object.values.count)
    }

    /// The name of the record, or of the case of a `RecordChoice`.
    public var name: String { object.shape.name }

    /// The version that wrote the record.
    public var version: UInt16 { object.shape.version }

    /// The error for a case that a `RecordChoice` does not know.
    public var unknownCase: RecordError { RecordError(.unknownCase(name: name)) }

    /// Whether the record has the field `name`.
    public func has(_ name: String) -> Bool { object.shape.fields.contains(name) }

    /// The value of the field `name`.
    /// - Throws: `RecordError` when the field is missing or is not a `Value`.
    public mutating func take<Value: RecordField>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(RecordError) -> Value {
        guard let index = object.shape.fields.firstIndex(of: name) else {
            throw RecordError(.missingField).inside(.field(name))
        }
        taken[index] = true
        do {
            return try Value(recordValue: object.values[index])
        } catch {
            throw error.inside(.field(name))
        }
    }

    /// The value of the field `name`, or `fallback` when the stream is older than the field.
    /// - Throws: `RecordError` when the field is there and is not a `Value`.
    public mutating func take<Value: RecordField>(
        _ name: String, default fallback: @autoclosure () -> Value
    ) throws(RecordError) -> Value {
        guard has(name) else { return fallback() }
        return try take(name)
    }

    /// The error for a field whose value breaks the rule told in a few words.
    public func invalid(_ name: String, _ rule: String) -> RecordError {
        RecordError(.invalid(rule)).inside(.field(name))
    }

    func refuseNewer(than known: UInt16) throws(RecordError) {
        guard version <= known else { throw RecordError(.newerVersion(found: version, known: known)) }
    }

    func refuseUntaken() throws(RecordError) {
        guard let index = taken.firstIndex(of: false) else { return }
        throw RecordError(.unknownField).inside(.field(object.shape.fields[index]))
    }
}
