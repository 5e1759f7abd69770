// SPDX-License-Identifier: Apache-2.0

import Record

/// One virtio-blk disk.
public struct DiskConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "disk"

    /// Its name in logs and statistics, unique among disks.
    public var name: String
    /// A raw image or a block device, open for what `readonly` says.
    public var file: DescriptorSlot
    /// What the guest reads as its identity (virtio 1.2 §5.2.6.1), at most 20 bytes.
    public var serial: String
    /// Whether the guest may not write.
    public var readonly: Bool
    /// The logical block size in bytes, 512 to 4096, or nil for that of the file.
    public var blockSize: UInt32?
    /// Its place among the devices to boot from, 1 first, or nil.
    public var bootOrder: UInt32?

    /// A writable disk without a serial or a place in the boot order, unless told otherwise.
    public init(
        name: String, file: DescriptorSlot, serial: String = "", readonly: Bool = false, blockSize: UInt32? = nil,
        bootOrder: UInt32? = nil
    ) {
        self.name = name
        self.file = file
        self.serial = serial
        self.readonly = readonly
        self.blockSize = blockSize
        self.bootOrder = bootOrder
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("file", file)
        fields.put("serial", serial)
        fields.put("readonly", readonly)
        fields.put("blockSize", blockSize)
        fields.put("bootOrder", bootOrder)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        file = try fields.take("file")
        serial = try fields.take("serial")
        readonly = try fields.take("readonly")
        blockSize = try fields.take("blockSize")
        bootOrder = try fields.take("bootOrder")
    }
}
