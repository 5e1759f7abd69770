// SPDX-License-Identifier: Apache-2.0

/// What KubeVirt's `addvolume` is given (`AddVolumeOptions`): a disk and the volume under it, under one name.
public struct VolumeAttachment: Hashable, Sendable {
    /// The disk as the guest is to see it.
    public var disk: DiskSpec
    /// Where its content comes from.
    public var volume: VolumeSpec
    /// Whether it is only to be checked whether this would do.
    public var isDryRun: Bool

    /// The same as one disk of an instance.
    public var attached: InstanceSpec.AttachedDisk {
        InstanceSpec.AttachedDisk(
            disk: disk, volume: volume, isReadOnly: disk.target.isReadOnly || volume.source.isReadOnly)
    }

    /// Reads `{"name": …, "disk": {…}, "volumeSource": {"persistentVolumeClaim": {…}}}`; the bus is scsi where none is
    /// named, as KubeVirt has it.
    ///
    /// - Throws: `InvalidManifest` with every problem found.
    public static func parse(_ document: JSONValue) throws(InvalidManifest) -> VolumeAttachment {
        guard case .object(let object) = document else {
            throw InvalidManifest(problems: [
                Problem(path: "", message: "must be an object with name, disk and volumeSource")
            ])
        }
        let report = Report()
        let reader = ObjectReader(object, at: .root, report: report)
        let name = reader.requiredString("name", "name the volume")
        if !name.isEmpty, !DNSName.isLabel(name) {
            report.refuse(reader.path.child("name"), "\(printable(name)) is no DNS label; \(ObjectMeta.labelRule)")
        }
        let isDryRun = reader.strings("dryRun").contains("All")
        var diskObject = JSONObject()
        if case .object(let given)? = reader.value("disk") { diskObject = given }
        if diskObject["name"] == nil { diskObject["name"] = .string(name) }
        if diskObject["disk"] == nil, diskObject["cdrom"] == nil, diskObject["lun"] == nil {
            diskObject["disk"] = .object(["bus": .string("scsi")])
        }
        let diskReader = ObjectReader(
            diskObject, at: reader.path.child("disk").as(schema: "spec.domain.devices.disks[]"), report: report)
        let disk = DiskSpec(diskReader)
        diskReader.finish()
        var volumeObject = JSONObject()
        if case .object(let given)? = reader.value("volumeSource") {
            volumeObject = given
        } else {
            report.refuse(reader.path.child("volumeSource"), "is required; write persistentVolumeClaim or dataVolume")
        }
        volumeObject["name"] = .string(name)
        let volumeReader = ObjectReader(
            volumeObject, at: reader.path.child("volumeSource").as(schema: "spec.volumes[]"), report: report)
        let volume = VolumeSpec(volumeReader)
        volumeReader.finish()
        if disk.name != name {
            report.refuse(reader.path.child("disk").child("name"), "must be the volume's name, or left out")
        }
        reader.finish()
        try report.verdict()
        return VolumeAttachment(disk: disk, volume: volume, isDryRun: isDryRun)
    }
}
