// SPDX-License-Identifier: Apache-2.0

extension VolumeSpec {
    init(_ reader: ObjectReader) {
        name = reader.requiredString("name", "name the volume as its disk is named")
        var sources: [Source] = []
        func add(_ key: String, _ read: (ObjectReader) -> Source) {
            if let source = reader.object(key, read) { sources.append(source) }
        }
        add("hostDisk") { .hostDisk(HostDiskSource($0)) }
        add("persistentVolumeClaim") { .persistentVolumeClaim(ClaimSource($0)) }
        add("cloudInitNoCloud") { .cloudInitNoCloud(CloudInitSource($0)) }
        add("cloudInitConfigDrive") { .cloudInitConfigDrive(CloudInitSource($0)) }
        add("sysprep") { sysprep in
            .sysprep(secret: Self.reference("secret", in: sysprep), configMap: Self.reference("configMap", in: sysprep))
        }
        add("containerDisk") { .containerDisk(ContainerDiskSource($0)) }
        add("ephemeral") { ephemeral in
            .ephemeral(ephemeral.object("persistentVolumeClaim") { ClaimSource($0) } ?? ClaimSource())
        }
        add("emptyDisk") { .emptyDisk(capacity: $0.quantity("capacity") ?? Quantity(0)) }
        add("dataVolume") { volume in
            .dataVolume(
                name: volume.requiredString("name", "name the DataVolume"),
                hotpluggable: volume.bool("hotpluggable") ?? false)
        }
        add("configMap") { .configMap(ProjectedSource($0, nameKey: "name")) }
        add("secret") { .secret(ProjectedSource($0, nameKey: "secretName")) }
        add("downwardAPI") { downward in
            _ = downward.value("fields")
            return .downwardAPI(volumeLabel: downward.string("volumeLabel"))
        }
        add("serviceAccount") {
            .serviceAccount(name: $0.requiredString("serviceAccountName", "name the service account"))
        }
        add("downwardMetrics") { _ in .downwardMetrics }
        add("memoryDump") { .memoryDump(ClaimSource($0)) }
        add("containerPath") { path in
            .containerPath(
                path: path.requiredString("path", "give the path in the container"),
                isReadOnly: path.bool("readOnly") ?? true)
        }
        if let source = sources.first {
            self.source = source
        } else {
            source = .emptyDisk(capacity: Quantity(0))
        }
        if sources.count > 1 {
            reader.report.refuse(reader.path, "must have exactly one source type set; keep one of them")
        } else if sources.isEmpty, !Self.kinds.contains(where: reader.has) {
            reader.report.refuse(
                reader.path,
                "must have exactly one source type set; use containerDisk, persistentVolumeClaim or cloudInitNoCloud")
        }
    }

    /// The API's names of the kinds of volumes.
    static let kinds = [
        "hostDisk", "persistentVolumeClaim", "cloudInitNoCloud", "cloudInitConfigDrive", "sysprep", "containerDisk",
        "ephemeral", "emptyDisk", "dataVolume", "configMap", "secret", "downwardAPI", "serviceAccount",
        "downwardMetrics", "memoryDump", "containerPath",
    ]

    private static func reference(_ key: String, in reader: ObjectReader) -> String? {
        reader.object(key) { $0.string("name") } ?? nil
    }
}
