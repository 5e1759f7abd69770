// SPDX-License-Identifier: Apache-2.0

import Record

/// What is to lie in a CD-ROM drive from now on.
public struct MediumChange: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "medium"

    /// The drive's name among the machine's disks.
    public var disk: String
    /// A raw image, open for reading, or nil for nothing.
    public var file: DescriptorSlot?
    /// Takes the old one out even when the guest holds it.
    public var force: Bool

    /// A change; nothing is forced unless told otherwise.
    public init(disk: String, file: DescriptorSlot?, force: Bool = false) {
        self.disk = disk
        self.file = file
        self.force = force
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("disk", disk)
        fields.put("file", file)
        fields.put("force", force)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        disk = try fields.take("disk")
        file = try fields.take("file")
        force = try fields.take("force")
    }
}
