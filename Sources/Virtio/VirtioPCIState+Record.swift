// SPDX-License-Identifier: Apache-2.0

public import Record

extension VirtioPCIState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "virtio-pci"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("configuration", configuration)
        fields.put("msix", msix)
        fields.put("transport", transport)
    }

    /// Takes every field; says nothing about their sense, which `restore` judges.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        configuration = try fields.take("configuration")
        msix = try fields.take("msix")
        transport = try fields.take("transport")
    }
}
