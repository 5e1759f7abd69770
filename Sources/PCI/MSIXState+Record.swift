// SPDX-License-Identifier: Apache-2.0

import Bus
public import Record

extension MSIXState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "msix"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("vectors", vectors)
    }

    /// Takes every field; says nothing about their sense, which `restore` judges.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        vectors = try fields.take("vectors")
    }
}

extension MSIXState.Vector: Recordable {
    /// The record's name in a stream.
    public static let recordName = "msix-vector"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("address", message.address)
        fields.put("data", message.data)
        fields.put("isMasked", isMasked)
        fields.put("isPending", isPending)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        message = MSIMessage(address: try fields.take("address"), data: try fields.take("data"))
        isMasked = try fields.take("isMasked")
        isPending = try fields.take("isPending")
    }
}
