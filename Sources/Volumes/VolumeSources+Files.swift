// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

extension VolumeSources {
    /// Opens what stands for a claim: a file, a directory with a disk.img, or a block device.
    func open(
        claim name: String, of volume: VolumeSpec, isReadOnly: Bool, field: String
    ) throws(VolumeError) -> OpenedFile {
        guard let path = claims[name] ?? mounted(volume) else {
            throw VolumeError(field, "claim \"\(name)\" has no file; pass --pvc \(name)=FILE")
        }
        guard let directory = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY) else {
            return OpenedFile(file: try DiskFile.open(path, isReadOnly: isReadOnly, field: field), path: path)
        }
        // What is in a volume may have been put there by a guest's owner: no link of it leads out.
        let file = try DiskFile.open(
            Self.imageName, in: directory, at: path, isReadOnly: isReadOnly, field: field)
        return OpenedFile(file: file, path: "\(path)/\(Self.imageName)")
    }

    /// Where a kubelet puts a claim: as a device, or else as a file system.
    private func mounted(_ volume: VolumeSpec) -> String? {
        guard let device = pod("/dev/\(volume.name)") else { return nil }
        var status = stat()
        let isDevice = stat(device, &status) == 0 && status.st_mode & S_IFMT == S_IFBLK
        return isDevice ? device : pod("/var/run/kubevirt-private/vmi-disks/\(volume.name)")
    }

    func open(
        _ source: HostDiskSource, of volume: VolumeSpec, isReadOnly: Bool, field: String
    ) throws(VolumeError) -> FileDescriptor {
        var path = source.path
        if let name = source.path.split(separator: "/").last,
            let place = pod("/var/run/kubevirt-private/vmi-disks/\(volume.name)/\(name)")
        {
            path = place
        }
        if source.kind == .existingOrCreated, let capacity = source.capacity {
            try create(path, bytes: capacity.value, field: field)
        }
        return try DiskFile.open(path, isReadOnly: isReadOnly, field: "\(field).path")
    }

    /// Makes a sparse image of that size unless there is a file of that name.
    private func create(_ path: String, bytes: Int64, field: String) throws(VolumeError) {
        let file: FileDescriptor
        do throws(Errno) {
            file = try .open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o660)
        } catch {
            if error.code == EEXIST { return }
            let reason = error.code == ENOENT ? "its directory does not exist" : error.reason
            throw VolumeError("\(field).path", "\(path) cannot be created: \(reason)")
        }
        do throws(Errno) { try file.truncate(to: bytes) } catch {
            unlink(path)
            throw VolumeError("\(field).capacity", "\(path) cannot be made \(bytes) bytes long: \(error.reason)")
        }
    }

    func ephemeral(
        _ claim: ClaimSource, of volume: VolumeSpec, isReadOnly: Bool, field: String
    ) throws(VolumeError) -> VolumeDisk {
        let lower = try open(
            claim: claim.claimName, of: volume, isReadOnly: true, field: "\(field).persistentVolumeClaim")
        let bytes: UInt64
        do throws(Errno) { bytes = try lower.look { file throws(Errno) in try file.status().bytes } } catch {
            throw VolumeError(field, "\(lower.path) cannot be read: \(error.reason)")
        }
        return try disk(over: lower, .init(path: lower.path, format: .raw, bytes: bytes), volume, isReadOnly, field)
    }

    /// An image that stays as it is, with an overlay for what the guest writes, if it may.
    func disk(
        over opened: OpenedFile, _ lower: Overlay.Lower, _ volume: VolumeSpec, _ isReadOnly: Bool,
        _ field: String
    ) throws(VolumeError) -> VolumeDisk {
        guard !isReadOnly else { return VolumeDisk(try opened.descriptor(field: field), lower.format) }
        let path =
            pod("/var/run/kubevirt-ephemeral-disks/disk-data/\(volume.name)/disk.qcow2")
            ?? "\(directory)/\(volume.name).qcow2"
        let overlay = try Overlay.make(at: path, bytes: lower.bytes, over: lower, made, field: field)
        return VolumeDisk(overlay: overlay, over: try opened.descriptor(field: field), lower.format)
    }

    func emptyDisk(_ capacity: Quantity, of volume: VolumeSpec, field: String) throws(VolumeError) -> VolumeDisk {
        let bytes = UInt64(clamping: capacity.value) & ~0xF_FFFF
        guard bytes > 0 else {
            throw VolumeError("\(field).capacity", "must be at least 1Mi; give the size of the disk, such as 10Gi")
        }
        let path = pod("/var/run/libvirt/empty-disks/\(volume.name).qcow2") ?? "\(directory)/\(volume.name).qcow2"
        return VolumeDisk(
            try Overlay.make(at: path, bytes: bytes, made, field: "\(field).capacity"), .qcow2)
    }
}
