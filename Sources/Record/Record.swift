// SPDX-License-Identifier: Apache-2.0

/// The self-describing codec for control messages, device state, migration and snapshots.
///
/// One encoded value is, in order (every number is a little-endian base-128 varint in its shortest form):
///
///     stream  := 'A' 'P' 'R' codec-version value
///     value   := 0                                  absent
///              | 1 | 2                              false, true
///              | 3 number                           unsigned
///              | 4 zigzag-number                    signed
///              | 5 length utf-8                     text
///              | 6 length byte*                     bytes
///              | 7 count number*                    numbers (a packed list of unsigned)
///              | 8 count value*                     list
///              | 9 name version count name* value*  record, with its shape; the shape gets the next index
///              | 10 index value*                    record of a shape seen before in this stream
///     name    := length [A-Za-z0-9_-]{1,64}
///
/// Every value has exactly one encoding, so equal values give equal bytes and decoding then encoding gives back the
/// input. A record's name, version and field names are written once a stream. The codec version changes only when this
/// grammar does; the meaning of a record changes with the record's own version.
public enum Record {
    /// The version of the grammar written by this build.
    public static let codecVersion: UInt8 = 1

    static let magic: [UInt8] = [0x41, 0x50, 0x52]

    /// The encoded form of `value`.
    public static func encode(_ value: some RecordField) -> [UInt8] {
        var writer = RecordWriter()
        writer.write(value.recordValue)
        return writer.bytes
    }

    /// The value of type `type` encoded in `bytes`, all of which must be used.
    /// - Throws: `RecordError` when the bytes are malformed, exceed `limits`, or do not hold a `type`.
    public static func decode<Value: RecordField>(
        _ type: Value.Type = Value.self, _ bytes: [UInt8], limits: RecordLimits = RecordLimits()
    ) throws(RecordError) -> Value {
        let value = try parse(bytes, limits: limits)
        do {
            return try Value(recordValue: value)
        } catch {
            throw error.inside(root: value)
        }
    }

    /// The untyped value encoded in `bytes`, all of which must be used.
    /// - Throws: `RecordError` when the bytes are malformed or exceed `limits`.
    public static func parse(
        _ bytes: [UInt8], limits: RecordLimits = RecordLimits()
    ) throws(RecordError) -> RecordValue {
        var parser = RecordParser(bytes: bytes, limits: limits)
        return try parser.parse()
    }

    /// A readable dump of `bytes`, or one line that says why they cannot be read; for debugging.
    public static func describe(_ bytes: [UInt8]) -> String {
        do {
            return try parse(bytes).description
        } catch {
            return "unreadable record: \(error)"
        }
    }

    /// `bytes` as JSON text: a record is an object whose `@record` and `@version` members name its type, bytes are
    /// lower-case hexadecimal text.
    /// - Throws: `RecordError` when the bytes are malformed.
    public static func json(_ bytes: [UInt8]) throws(RecordError) -> String {
        try parse(bytes).json
    }
}
