// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// What this host has for the volumes of one instance, and how each of them becomes an open disk.
public struct VolumeSources: Sendable {
    /// The file, directory or block device of each persistent volume claim by its name.
    public var claims: [String: String]
    /// A directory of the instance's own, for disks that are made.
    public var directory: String
    /// The program that writes ISO 9660 images.
    public var xorriso: String

    /// The image's file in a directory that stands for a claim, as KubeVirt names it.
    public static let imageName = "disk.img"

    /// Sources of volumes.
    public init(claims: [String: String], directory: String, xorriso: String = "/usr/bin/xorriso") {
        self.claims = claims
        self.directory = directory
        self.xorriso = xorriso
    }

    /// Opens the disk that a volume stands for, and locks it.
    /// - Parameters:
    ///   - field: the volume's path, for instance `spec.volumes[0]`.
    ///   - instance: whose volume it is; cloud-init is told its name.
    /// - Throws: `VolumeError`.
    public func open(
        _ volume: VolumeSpec, isReadOnly: Bool, field: String, of instance: VirtualMachineInstance
    ) throws(VolumeError) -> FileDescriptor {
        switch volume.source {
        case .hostDisk(let source):
            return try open(source, isReadOnly: isReadOnly, field: "\(field).hostDisk")
        case .persistentVolumeClaim(let claim):
            return try open(claim, isReadOnly: isReadOnly, field: "\(field).persistentVolumeClaim")
        case .cloudInitNoCloud(let source):
            let disk = CloudInitDisk(source, of: instance)
            return try disk.make(
                named: volume.name, in: directory, by: xorriso, field: "\(field).cloudInitNoCloud")
        default:
            throw VolumeError(
                field, "this kind of volume is not supported; use persistentVolumeClaim with --pvc NAME=PATH")
        }
    }

    private func open(
        _ claim: ClaimSource, isReadOnly: Bool, field: String
    ) throws(VolumeError) -> FileDescriptor {
        guard let path = claims[claim.claimName] else {
            throw VolumeError(
                field, "claim \"\(claim.claimName)\" has no file; pass --pvc \(claim.claimName)=FILE")
        }
        guard let directory = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY) else {
            return try DiskFile.open(path, isReadOnly: isReadOnly, field: field)
        }
        // What is in a volume may have been put there by a guest's owner: no link of it leads out.
        return try DiskFile.open(
            Self.imageName, in: directory, at: path, isReadOnly: isReadOnly, field: field)
    }

    private func open(
        _ source: HostDiskSource, isReadOnly: Bool, field: String
    ) throws(VolumeError) -> FileDescriptor {
        if source.kind == .existingOrCreated, let capacity = source.capacity {
            try create(source.path, bytes: capacity.value, field: field)
        }
        return try DiskFile.open(source.path, isReadOnly: isReadOnly, field: "\(field).path")
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
}
