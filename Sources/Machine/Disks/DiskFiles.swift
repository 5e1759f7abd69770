// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Storage

/// The open files of a disk: its own, that of its data, and those of the layers below.
struct DiskFiles {
    /// In the order of an engine's table.
    let files: [ImageFile]
    /// What the files are together; nil for a raw disk, which is its file.
    let chain: ImageChain?
    /// Whether a write is to be on stable storage when it completes.
    let writesThrough: Bool
    /// Takes a LUN's commands, when it is a SCSI device of the host.
    let carrier: (any CommandCarrier)?

    /// Takes over the descriptors of a disk's slots. The formats are those of the configuration: a guest may have written
    /// anything into a raw file.
    /// - Throws: `MachineError` that names the disk.
    init(_ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle) throws(MachineError) {
        guard let slot = disk.file, let own = descriptors.take(slot) else {
            throw Self.missing("file", of: disk)
        }
        do throws(Errno) {
            // Any other file makes a LUN that is a disk.
            carrier = disk.kind == .lun ? HostSCSIDevice(try own.duplicate()) : nil
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
        guard disk.format == .qcow2 else {
            let (file, mode) = try Self.file(own, of: disk, name: disk.name, end: .isError)
            files = [file]
            chain = nil
            writesThrough = mode == .writethrough
            return
        }
        let (file, mode) = try Self.file(own, of: disk, name: disk.name, end: .zeros)
        var parts = [ImageChain.Part(format: .qcow2, file: file, name: disk.name)]
        if let slot = disk.dataFile {
            guard let data = descriptors.take(slot) else { throw Self.missing("dataFile", of: disk) }
            parts[0].dataFile = try Self.file(data, of: disk, name: "\(disk.name) dataFile", end: .zeros).file
        }
        // What lies below is only read.
        var below = disk
        below.readonly = true
        for (depth, layer) in disk.backing.enumerated() {
            let name = "backing[\(depth)]"
            guard let descriptor = descriptors.take(layer.file) else { throw Self.missing("\(name).file", of: disk) }
            let isImage = layer.format == .qcow2
            let file = try Self.file(
                descriptor, of: below, name: "\(disk.name) \(name)", end: isImage ? .zeros : .isError
            ).file
            var part = ImageChain.Part(format: isImage ? .qcow2 : .raw, file: file, name: name)
            if let slot = layer.dataFile {
                guard let data = descriptors.take(slot) else { throw Self.missing("\(name).dataFile", of: disk) }
                part.dataFile = try Self.file(data, of: below, name: "\(disk.name) \(name) dataFile", end: .zeros).file
            }
            parts.append(part)
        }
        do throws(Qcow2Error) { chain = try ImageChain(parts, readOnly: disk.readonly) } catch {
            throw .device("disk \(disk.name)", error.image == disk.name ? error.message : "\(error)")
        }
        files = chain?.files ?? []
        writesThrough = mode == .writethrough
    }

    /// Takes over a medium for a CD-ROM drive.
    /// - Throws: `MachineError` that names the disk.
    init(medium descriptor: consuming FileDescriptor, of disk: String) throws(MachineError) {
        let drive = DiskConfiguration(name: disk, file: nil, readonly: true)
        files = [try Self.file(descriptor, of: drive, name: disk, end: .isError).file]
        chain = nil
        writesThrough = false
        carrier = nil
    }

    /// Makes the disk larger while nothing is in flight.
    /// - Throws: `Errno`; the disk is as large as before then.
    func grow(to bytes: UInt64) throws(Errno) {
        guard let chain else { return try files[0].grow(to: bytes) }
        try chain.grow(to: bytes)
    }

    private static func missing(_ field: String, of disk: DiskConfiguration) -> MachineError {
        .configuration(field: "disks[\(disk.name)].\(field)", "its descriptor did not come")
    }

    private static func file(
        _ descriptor: consuming FileDescriptor, of disk: DiskConfiguration, name: String, end: ImageFile.End
    ) throws(MachineError) -> (file: ImageFile, mode: CacheMode) {
        let mode: CacheMode
        do throws(Errno) {
            // A shared disk's other writers do not see this host's page cache.
            mode = try CacheMode.choose(disk.shareable ? CacheMode.none : disk.cache.map(Self.mode), for: descriptor)
        } catch {
            throw .device(
                "disk \(name)",
                "cache: none needs O_DIRECT, which its file system does not have (\(error)); use writethrough")
        }
        do throws(ImageError) {
            let file = try ImageFile(
                owning: descriptor, name: name, readOnly: disk.readonly,
                lock: disk.shareable ? .agreed : nil, end: end,
                // The engine of an image sees to it itself: its tables are not written with every write.
                writesThrough: mode == .writethrough && disk.format == .raw)
            return (file, mode)
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
    }

    private static func mode(_ cache: DiskCache) -> CacheMode {
        switch cache {
        case .none: .none
        case .writethrough: .writethrough
        case .writeback: .writeback
        }
    }
}
