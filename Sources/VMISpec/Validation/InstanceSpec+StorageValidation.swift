// SPDX-License-Identifier: Apache-2.0

extension InstanceSpec {
    /// Each disk has a volume, each volume a disk, and every name is there once.
    func validateStorage(at path: FieldPath, report: Report) {
        let diskPath = path.child("domain").child("devices").child("disks")
        let volumePath = path.child("volumes")
        let disks = domain.devices.disks
        let volumeNames = Set(volumes.map(\.name))
        let diskNames = Set(disks.map(\.name))
        checkUnique(disks.map(\.name), at: diskPath, report: report)
        checkUnique(volumes.map(\.name), at: volumePath, report: report)
        for (index, disk) in disks.enumerated() where !disk.name.isEmpty {
            let field = diskPath[index].child("name")
            if !DNSName.isLabel(disk.name) {
                report.refuse(field, "\(printable(disk.name)) is no DNS label; \(ObjectMeta.labelRule)")
            } else if !volumeNames.contains(disk.name) {
                report.refuse(
                    field, "\(printable(disk.name)) not found among \(volumePath.shown); add a volume of this name")
            }
        }
        for (index, volume) in volumes.enumerated() where !volume.name.isEmpty && !diskNames.contains(volume.name) {
            // KubeVirt adds a disk on the default bus (SetDefaultVolumeDisk, pkg/util/util.go), which is sata.
            report.refuse(
                volumePath[index].child("name"),
                "\(printable(volume.name)) not found among \(diskPath.shown); add a disk of this name with bus: virtio")
        }
        checkSerials(at: diskPath, report: report)
        checkCredentials(at: path.child("accessCredentials"), report: report)
    }

    /// Keys that go with a disk for cloud-init need one of its kind.
    private func checkCredentials(at path: FieldPath, report: Report) {
        for (index, credential) in accessCredentials.enumerated() {
            guard case .sshPublicKey(_, let propagation) = credential else { continue }
            let carrier: (method: String, volume: String, isThere: Bool)
            switch propagation {
            case .noCloud:
                let isThere = volumes.contains { if case .cloudInitNoCloud = $0.source { true } else { false } }
                carrier = ("noCloud", "cloudInitNoCloud", isThere)
            case .configDrive:
                let isThere = volumes.contains { if case .cloudInitConfigDrive = $0.source { true } else { false } }
                carrier = ("configDrive", "cloudInitConfigDrive", isThere)
            case .guestAgent, .none: continue
            }
            guard !carrier.isThere else { continue }
            report.refuse(
                path[index].child("sshPublicKey").child("propagationMethod").child(carrier.method),
                "no disk would carry the keys; add a \(carrier.volume) volume, or use qemuGuestAgent")
        }
    }

    private func checkSerials(at path: FieldPath, report: Report) {
        var first: [String: Int] = [:]
        for (index, disk) in domain.devices.disks.enumerated() {
            guard let serial = disk.serial else { continue }
            if let other = first[serial] {
                report.refuse(
                    path[index].child("serial"), "is also the serial of \(path[other].shown); give each disk its own")
            } else {
                first[serial] = index
            }
        }
    }

    func checkUnique(_ names: [String], at path: FieldPath, report: Report) {
        var first: [String: Int] = [:]
        for (index, name) in names.enumerated() where !name.isEmpty {
            if let other = first[name] {
                report.refuse(
                    path[index].child("name"),
                    "\(printable(name)) is also the name of \(path[other].shown); give each its own")
            } else {
                first[name] = index
            }
        }
    }
}
