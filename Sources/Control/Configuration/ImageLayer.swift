// SPDX-License-Identifier: Apache-2.0

import Record

/// One file below a disk's own: read where the layers above have nothing, never written.
public struct ImageLayer: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "layer"

    /// The image, open for reading.
    public var file: DescriptorSlot
    /// The image's format.
    public var format: ImageFormat
    /// The raw file that holds a qcow2 image's data when they lie outside of it, open for reading.
    public var dataFile: DescriptorSlot?

    /// A layer that holds its own data unless told otherwise.
    public init(file: DescriptorSlot, format: ImageFormat, dataFile: DescriptorSlot? = nil) {
        self.file = file
        self.format = format
        self.dataFile = dataFile
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("file", file)
        fields.put("format", format)
        fields.put("dataFile", dataFile)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        file = try fields.take("file")
        format = try fields.take("format")
        dataFile = try fields.take("dataFile")
    }
}
