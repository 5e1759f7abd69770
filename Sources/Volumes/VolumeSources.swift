// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// What this host has for the volumes of one instance, and how each of them becomes an open disk.
public struct VolumeSources: Sendable {
    /// The file, directory or block device of each persistent volume claim or data volume by its name.
    public var claims: [String: String] = [:]
    /// What stands for each container image by its name: an unpacked directory, an OCI layout or archive, or a disk image.
    public var images: [String: String] = [:]
    /// The directory that stands for each ConfigMap by its name.
    public var configMaps: [String: String] = [:]
    /// The directory that stands for each Secret by its name.
    public var secrets: [String: String] = [:]
    /// The root below which KubeVirt's directories of a pod are, "/" in a container; nil where this is no pod.
    public var podRoot: String?
    /// A directory of the instance's own, for disks that are made.
    public var directory: String
    /// Where disks from container images are kept, for all instances of this user.
    public var cache: String
    /// The program that writes ISO 9660 images.
    public var xorriso: String
    /// The program that fetches container images.
    public var skopeo: String
    /// The variables that it is given: proxies, and where its user's passwords are.
    public var environment: [String: String] = [:]

    /// The image's file in a directory that stands for a claim, as KubeVirt names it.
    public static let imageName = "disk.img"

    /// Sources of volumes.
    public init(
        claims: [String: String] = [:], directory: String, cache: String = "/var/cache/apus",
        xorriso: String = "/usr/bin/xorriso", skopeo: String = "/usr/bin/skopeo"
    ) {
        self.claims = claims
        self.directory = directory
        self.cache = cache
        self.xorriso = xorriso
        self.skopeo = skopeo
    }

    /// Where a user's cache is (XDG Base Directory Specification).
    public static func cache(environment: [String: String]) -> String {
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return "\(folder)/apus" }
        if let home = environment["HOME"], home.hasPrefix("/"), home != "/" { return "\(home)/.cache/apus" }
        return "/var/cache/apus"
    }

    /// What is made for the instance outside of its directory is noted there.
    var made: MadeFiles { MadeFiles(directory: directory) }

    /// A path of the pod, or nil where this is none.
    func pod(_ path: String) -> String? {
        podRoot.map { ($0.hasSuffix("/") ? String($0.dropLast()) : $0) + path }
    }

    /// Opens or makes the disk that a volume stands for, with all that lies below it, and locks it.
    /// - Parameters:
    ///   - field: the volume's path, for instance `spec.volumes[0]`.
    ///   - instance: whose volume it is.
    /// - Throws: `VolumeError`.
    public func disk(
        for volume: VolumeSpec, isReadOnly: Bool, field: String, of instance: VirtualMachineInstance
    ) throws(VolumeError) -> VolumeDisk {
        switch volume.source {
        case .hostDisk, .persistentVolumeClaim, .dataVolume:
            return VolumeDisk(try open(volume, isReadOnly: isReadOnly, field: field, of: instance))
        case .ephemeral(let claim):
            return try ephemeral(claim, of: volume, isReadOnly: isReadOnly, field: "\(field).ephemeral")
        case .containerDisk(let source):
            return try containerDisk(
                source, of: volume, isReadOnly: isReadOnly, field: "\(field).containerDisk", instance)
        case .emptyDisk(let capacity):
            return try emptyDisk(capacity, of: volume, field: "\(field).emptyDisk")
        case .cloudInitNoCloud(let source):
            return try cloudInit(.noCloud, source, of: volume, field: "\(field).cloudInitNoCloud", instance)
        case .cloudInitConfigDrive(let source):
            return try cloudInit(.configDrive, source, of: volume, field: "\(field).cloudInitConfigDrive", instance)
        case .configMap, .secret, .serviceAccount, .downwardAPI, .sysprep:
            return try projected(volume, field: field)
        case .downwardMetrics, .memoryDump, .containerPath:
            throw VolumeError(field, "this kind of volume is not supported; remove it")
        }
    }

    /// Opens the raw disk of a volume that is one file or block device, and locks it.
    /// - Parameter field: the volume's path, for instance `spec.volumes[0]`.
    /// - Throws: `VolumeError`.
    public func open(
        _ volume: VolumeSpec, isReadOnly: Bool, field: String, of instance: VirtualMachineInstance
    ) throws(VolumeError) -> FileDescriptor {
        switch volume.source {
        case .hostDisk(let source):
            return try open(source, of: volume, isReadOnly: isReadOnly, field: "\(field).hostDisk")
        case .persistentVolumeClaim(let claim):
            let field = "\(field).persistentVolumeClaim"
            return try open(claim: claim.claimName, of: volume, isReadOnly: isReadOnly, field: field)
                .descriptor(field: field)
        case .dataVolume(let name, _):
            let field = "\(field).dataVolume"
            return try open(claim: name, of: volume, isReadOnly: isReadOnly, field: field).descriptor(field: field)
        default:
            throw VolumeError(field, "is no persistentVolumeClaim, dataVolume or hostDisk; use one of these")
        }
    }
}
