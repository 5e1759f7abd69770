// SPDX-License-Identifier: Apache-2.0

@testable import Record

/// Refuses the input, or finds that it is the one encoding of what it holds and that it can be shown.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecord(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do {
        let value = try Record.parse(bytes)
        must(Record.encode(value) == bytes, "a stream was accepted that is not the encoding of its value")
        must(!value.description.isEmpty && !value.json.isEmpty, "a value cannot be shown")
        _ = try Record.decode(FuzzRecord.self, bytes)
    } catch {
        must(!error.description.isEmpty, "an error says nothing")
    }
    return 0
}

/// A record that takes a field of every kind and accepts anything else beside them.
struct FuzzRecord: Recordable {
    static let recordName = "f"
    static let ignoresUnknownFields = true

    init() {}

    func encode(into fields: inout RecordEncoder) {
        fields.put("a", UInt8(5))
        fields.put("b", Int32(-5))
        fields.put("c", [UInt16(1), 500])
        fields.put("d", [UInt8(1), 2])
        fields.put("e", "text")
    }

    init(from fields: inout RecordDecoder) throws(RecordError) {
        let _: UInt8 = try fields.take("a", default: 0)
        let _: Int32? = try fields.take("b", default: nil)
        let _: [UInt16] = try fields.take("c", default: [])
        let _: [UInt8] = try fields.take("d", default: [])
        let _: String = try fields.take("e", default: "")
        let _: [FuzzRecord] = try fields.take("g", default: [])
    }
}

/// Writes a record with a field of every kind.
@_cdecl("LLVMFuzzerInitialize")
public func seedRecord(_ count: UnsafeMutableRawPointer, _ words: UnsafeMutableRawPointer) -> CInt {
    FuzzSeeds.write("fields", Record.encode(FuzzRecord()))
    return 0
}
