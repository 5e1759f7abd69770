// SPDX-License-Identifier: Apache-2.0

public import Record

extension RTCState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "rtc"

    // 34,000 years either way: what a guest can set is far within, and no sum of such times overflows.
    private static let mostSeconds: Int64 = 1 << 40

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("bytes", bytes)
        fields.put("index", index)
        fields.put("offsetSeconds", offsetSeconds)
        fields.put("offsetNanoseconds", offsetNanoseconds)
        fields.put("checkedSeconds", checkedSeconds)
        fields.put("checkedNanoseconds", checkedNanoseconds)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        self.init()
        bytes = try fields.take("bytes")
        guard bytes.count == RTCState.byteCount else {
            throw fields.invalid("bytes", "must be \(RTCState.byteCount) bytes")
        }
        index = try fields.take("index") & 0x7F
        offsetSeconds = try RTCState.take("offsetSeconds", &fields, -RTCState.mostSeconds...RTCState.mostSeconds)
        offsetNanoseconds = try RTCState.take("offsetNanoseconds", &fields, 0...RTCState.second - 1)
        checkedSeconds = try RTCState.take("checkedSeconds", &fields, -RTCState.mostSeconds...RTCState.mostSeconds)
        checkedNanoseconds = try RTCState.take("checkedNanoseconds", &fields, 0...RTCState.second - 1)
    }

    private static func take(
        _ name: String, _ fields: inout RecordDecoder, _ range: ClosedRange<Int64>
    ) throws(RecordError) -> Int64 {
        let value: Int64 = try fields.take(name)
        guard range.contains(value) else { throw fields.invalid(name, "is no time") }
        return value
    }
}
