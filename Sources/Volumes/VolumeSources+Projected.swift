// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

extension VolumeSources {
    /// KubeVirt's label where a manifest names none (pkg/config).
    private static let defaultLabel = "cfgdata"
    private static let sysprepLabel = "unattendCD"
    private static let privatePath = "/var/run/kubevirt-private"

    /// The disk of a ConfigMap, a Secret, or what else is mounted as a directory of files.
    func projected(_ volume: VolumeSpec, field: String) throws(VolumeError) -> VolumeDisk {
        let name = volume.name
        let source: String?
        let label: String
        let image: String
        let kind: String
        switch volume.source {
        case .configMap(let map):
            kind = "configMap"
            source = try directory(
                configMaps, map.name, "ConfigMap", "--config-map", pod: "\(Self.privatePath)/config-map/\(name)",
                isOptional: map.isOptional, field: "\(field).configMap.name")
            label = map.volumeLabel ?? Self.defaultLabel
            image = "config-map-disks/\(name).iso"
        case .secret(let secret):
            kind = "secret"
            source = try directory(
                secrets, secret.name, "Secret", "--secret", pod: "\(Self.privatePath)/secret/\(name)",
                isOptional: secret.isOptional, field: "\(field).secret.secretName")
            label = secret.volumeLabel ?? Self.defaultLabel
            image = "secret-disks/\(name).iso"
        case .serviceAccount(let account):
            kind = "serviceAccount"
            source = try directory(
                secrets, account, "service account", "--secret", pod: "/var/run/secrets/kubernetes.io/serviceaccount",
                field: "\(field).serviceAccount.serviceAccountName")
            label = Self.defaultLabel
            image = "service-account-disk/service-account.iso"
        case .downwardAPI(let named):
            kind = "downwardAPI"
            source = try directory(
                configMaps, name, "downward API volume", "--config-map", pod: "\(Self.privatePath)/downwardapi/\(name)",
                field: "\(field).downwardAPI")
            label = named ?? Self.defaultLabel
            image = "downwardapi-disks/\(name).iso"
        case .sysprep(let secret, let configMap):
            kind = "sysprep"
            let pod = "\(Self.privatePath)/sysprep/\(name)"
            if let secret {
                source = try directory(
                    secrets, secret, "Secret", "--secret", pod: pod, field: "\(field).sysprep.secret.name")
            } else if let configMap {
                source = try directory(
                    configMaps, configMap, "ConfigMap", "--config-map", pod: pod,
                    field: "\(field).sysprep.configMap.name")
            } else {
                throw VolumeError("\(field).sysprep", "must have exactly one of secret and configMap; name one")
            }
            label = Self.sysprepLabel
            image = "sysprep-disks/\(name).iso"
        default:
            throw VolumeError(field, "this kind of volume is no directory of files; remove it")
        }
        let place = "\(field).\(kind)"
        var files: [(path: String, content: [UInt8])] = []
        if let source { files = try MountedFiles.read(source, field: place) }
        return try VolumeDisk(iso(label, files, name, pod: "\(Self.privatePath)/\(image)", field: place))
    }

    /// The directory that stands for an object; nil for one that need not be there and is not.
    /// - Throws: `VolumeError` with the option that names one.
    func directory(
        _ named: [String: String], _ name: String, _ kind: String, _ option: String, pod path: String,
        isOptional: Bool = false, field: String
    ) throws(VolumeError) -> String? {
        if let directory = named[name] { return directory }
        if let directory = pod(path), !isOptional || access(directory, F_OK) == 0 { return directory }
        guard !isOptional else { return nil }
        throw VolumeError(field, "\(kind) \"\(name)\" has no directory; pass \(option) \(name)=DIR")
    }

    private func iso(
        _ label: String, _ files: [(path: String, content: [UInt8])], _ name: String, pod path: String, field: String
    ) throws(VolumeError) -> FileDescriptor {
        try ISOImage(label: label, files: files, field: field)
            .make(at: pod(path) ?? "\(directory)/\(name).iso", by: xorriso, made, field: field)
    }

    /// The disk that tells cloud-init what to do.
    func cloudInit(
        _ kind: CloudInitDisk.Kind, _ source: CloudInitSource, of volume: VolumeSpec, field: String,
        _ instance: VirtualMachineInstance
    ) throws(VolumeError) -> VolumeDisk {
        let user = try data(source.userDataSecret, "secretRef", ["userdata", "userData"], volume, field)
        let network = try data(
            source.networkDataSecret, "networkDataSecretRef", ["networkdata", "networkData"], volume, field)
        let disk = CloudInitDisk(
            userData: source.userData ?? user ?? [], networkData: source.networkData ?? network,
            keys: try keys(kind, of: instance))
        let place = "/var/run/kubevirt-ephemeral-disks/cloud-init-data/\(instance.metadata.namespace)"
        let file = kind == .noCloud ? "noCloud.iso" : "configdrive.iso"
        return try VolumeDisk(
            iso(
                kind.label, disk.files(kind, of: instance), volume.name,
                pod: "\(place)/\(instance.metadata.name)/\(file)", field: field))
    }

    /// What a Secret holds under the first of some keys that it has; nil where no Secret is named.
    private func data(
        _ secret: String?, _ key: String, _ names: [String], _ volume: VolumeSpec, _ field: String
    ) throws(VolumeError) -> [UInt8]? {
        guard let secret else { return nil }
        let place = "\(field).\(key).name"
        guard
            let path = try directory(
                secrets, secret, "Secret", "--secret", pod: "\(Self.privatePath)/secret/\(volume.name)", field: place)
        else { return nil }
        guard let content = try MountedFiles.first(of: names, in: path, field: place) else {
            throw VolumeError(place, "Secret \"\(secret)\" has no key \(names[0]); add the file \(path)/\(names[0])")
        }
        return content
    }

    /// The public keys that reach the guest with this disk.
    private func keys(
        _ kind: CloudInitDisk.Kind, of instance: VirtualMachineInstance
    ) throws(VolumeError) -> [String] {
        var keys: [String] = []
        for (index, credential) in instance.spec.accessCredentials.enumerated() {
            guard case .sshPublicKey(let secret, let propagation) = credential,
                propagation == (kind == .noCloud ? .noCloud : .configDrive)
            else { continue }
            let field = "spec.accessCredentials[\(index)].sshPublicKey.source.secret.secretName"
            guard
                let path = try directory(
                    secrets, secret, "Secret", "--secret", pod: "\(Self.privatePath)/secret/\(secret)-access-cred",
                    field: field)
            else { continue }
            for file in try MountedFiles.read(path, field: field) {
                let lines = String(decoding: file.content, as: UTF8.self).split(whereSeparator: \.isNewline)
                keys += lines.map { String($0.drop(while: \.isWhitespace)) }.filter {
                    !$0.isEmpty && !$0.hasPrefix("#")
                }
            }
        }
        return keys
    }
}
