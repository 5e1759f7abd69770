// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import VMISpec

extension VolumeSources {
    /// The disk of a container image, which stays as it is, with an overlay where the guest may write.
    func containerDisk(
        _ source: ContainerDiskSource, of volume: VolumeSpec, isReadOnly: Bool, field: String,
        _ instance: VirtualMachineInstance
    ) throws(VolumeError) -> VolumeDisk {
        let opened = try open(source, of: volume, field: field, instance)
        let lower = try opened.look { file throws(VolumeError) in
            try Overlay.judge(file, at: opened.path, field: field)
        }
        return try disk(over: opened, lower, volume, isReadOnly, field)
    }

    private func open(
        _ source: ContainerDiskSource, of volume: VolumeSpec, field: String, _ instance: VirtualMachineInstance
    ) throws(VolumeError) -> OpenedFile {
        if let place = images[source.image] {
            return try open(place, source, field: field)
        }
        let index = instance.spec.volumes.firstIndex { $0.name == volume.name } ?? 0
        if let mounted = pod("/var/run/kubevirt-image-volume/disk_\(index)"), access(mounted, F_OK) == 0 {
            return try ContainerDirectory.open(source.path, of: mounted, field: field)
        }
        if let path = pod("/var/run/kubevirt/container-disks/disk_\(index).img") {
            return OpenedFile(file: try DiskFile.open(path, isReadOnly: true, field: field), path: path)
        }
        return try fetch("docker://\(source.image)", source, field: field)
    }

    /// What a person said stands for an image: by a reference with its transport, or by what is found at a path.
    private func open(_ place: String, _ source: ContainerDiskSource, field: String) throws(VolumeError) -> OpenedFile {
        if ImageCache.transports.contains(where: place.hasPrefix) { return try fetch(place, source, field: field) }
        if access("\(place)/oci-layout", F_OK) == 0 { return try fetch("oci:\(place)", source, field: field) }
        if (try? FileDescriptor.open(place, O_RDONLY | O_DIRECTORY)) != nil {
            return try ContainerDirectory.open(source.path, of: place, field: field)
        }
        let file = try DiskFile.open(place, isReadOnly: true, field: "\(field).image")
        if let archive = LayerArchive(file) {
            let isOCI = try archive.contains("oci-layout", name: place, field: "\(field).image")
            return try fetch("\(isOCI ? "oci" : "docker")-archive:\(place)", source, field: field)
        }
        return OpenedFile(file: file, path: place)
    }

    private func fetch(_ reference: String, _ source: ContainerDiskSource, field: String) throws(VolumeError)
        -> OpenedFile
    {
        var login: String?
        if let secret = source.imagePullSecret {
            guard let directory = secrets[secret] else {
                throw VolumeError(
                    "\(field).imagePullSecret", "Secret \"\(secret)\" has no directory; pass --secret \(secret)=DIR")
            }
            login = "\(directory)/.dockerconfigjson"
        }
        let tool = Tool(path: skopeo, package: "skopeo", environment: environment.map { "\($0.key)=\($0.value)" })
        let cache = ImageCache(directory: "\(cache)/images", skopeo: tool, login: login)
        let path = try cache.disk(of: reference, at: source.path, policy: source.imagePullPolicy, field: field)
        return OpenedFile(file: try DiskFile.open(path, isReadOnly: true, field: field), path: path)
    }
}
