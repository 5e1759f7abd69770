// SPDX-License-Identifier: Apache-2.0

import Record

/// One disk: what the guest sees of it, what it lies in, and how the host treats it.
public struct DiskConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "disk"

    /// Its name in logs and statistics, unique among disks.
    public var name: String
    /// The controller it hangs on.
    public var bus = DiskBus.virtio
    /// What the guest sees there.
    public var kind = DiskKind.disk
    /// An image or a block device, open for what `readonly` says; nil for a CD-ROM drive without media.
    public var file: DescriptorSlot?
    /// The image's format.
    public var format = ImageFormat.raw
    /// What is read where the image has nothing, the layer right below the image first.
    public var backing: [ImageLayer] = []
    /// The raw file that holds a qcow2 image's data when they lie outside of it, open for what `readonly` says.
    public var dataFile: DescriptorSlot?
    /// What the guest reads as its identity (virtio 1.2 §5.2.6.1), at most 20 bytes.
    public var serial: String
    /// Whether the guest may not write.
    public var readonly: Bool
    /// Whether other machines write to it too, by an agreement among guests.
    public var shareable = false
    /// What lies between guest and medium, or nil for none with a file open for direct I/O and writethrough otherwise.
    public var cache: DiskCache?
    /// Who carries requests to the kernel, or nil for the best there is.
    public var io: DiskIO?
    /// How many queues the guest may use, each with a thread of its own.
    public var queues: UInt16 = 1
    /// What an error of the host's storage does.
    public var errorPolicy = DiskErrorPolicy.report
    /// The smallest block in bytes that the guest may address, or nil for that of the file.
    public var logicalBlockSize: UInt32?
    /// The block in bytes that the guest is told to prefer, or nil for that of the file.
    public var physicalBlockSize: UInt32?
    /// Requests, all queues together, or nil for no limit.
    public var requestLimit: DiskRateLimit?
    /// Bytes read and written, all queues together, or nil for no limit.
    public var byteLimit: DiskRateLimit?
    /// Its place among the devices to boot from, 1 first, or nil.
    public var bootOrder: UInt32?

    /// A raw, writable virtio-blk disk with one queue and without a serial or a place in the boot order, unless told
    /// otherwise; the other fields are set afterwards.
    public init(
        name: String, file: DescriptorSlot?, serial: String = "", readonly: Bool = false, bootOrder: UInt32? = nil
    ) {
        self.name = name
        self.file = file
        self.serial = serial
        self.readonly = readonly
        self.bootOrder = bootOrder
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("bus", bus)
        fields.put("kind", kind)
        fields.put("file", file)
        fields.put("format", format)
        fields.put("backing", backing)
        fields.put("dataFile", dataFile)
        fields.put("serial", serial)
        fields.put("readonly", readonly)
        fields.put("shareable", shareable)
        fields.put("cache", cache)
        fields.put("io", io)
        fields.put("queues", queues)
        fields.put("errorPolicy", errorPolicy)
        fields.put("logicalBlockSize", logicalBlockSize)
        fields.put("physicalBlockSize", physicalBlockSize)
        fields.put("requestLimit", requestLimit)
        fields.put("byteLimit", byteLimit)
        fields.put("bootOrder", bootOrder)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        bus = try fields.take("bus")
        kind = try fields.take("kind")
        file = try fields.take("file")
        format = try fields.take("format")
        backing = try fields.take("backing")
        dataFile = try fields.take("dataFile")
        serial = try fields.take("serial")
        readonly = try fields.take("readonly")
        shareable = try fields.take("shareable")
        cache = try fields.take("cache")
        io = try fields.take("io")
        queues = try fields.take("queues")
        errorPolicy = try fields.take("errorPolicy")
        logicalBlockSize = try fields.take("logicalBlockSize")
        physicalBlockSize = try fields.take("physicalBlockSize")
        requestLimit = try fields.take("requestLimit")
        byteLimit = try fields.take("byteLimit")
        bootOrder = try fields.take("bootOrder")
    }
}
