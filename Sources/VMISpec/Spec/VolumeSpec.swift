// SPDX-License-Identifier: Apache-2.0

/// What a disk is made of.
public struct VolumeSpec: Hashable, Sendable {
    /// Where a volume's content comes from: one case for each kind of the API.
    public enum Source: Hashable, Sendable {
        case hostDisk(HostDiskSource)
        case persistentVolumeClaim(ClaimSource)
        case cloudInitNoCloud(CloudInitSource)
        case cloudInitConfigDrive(CloudInitSource)
        case sysprep(secret: String?, configMap: String?)
        case containerDisk(ContainerDiskSource)
        case ephemeral(ClaimSource)
        case emptyDisk(capacity: Quantity)
        case dataVolume(name: String, hotpluggable: Bool)
        case configMap(ProjectedSource)
        case secret(ProjectedSource)
        case downwardAPI(volumeLabel: String?)
        case serviceAccount(name: String)
        case downwardMetrics
        case memoryDump(ClaimSource)
        case containerPath(path: String, isReadOnly: Bool)

        /// True when the source itself forbids writing.
        public var isReadOnly: Bool {
            switch self {
            case .persistentVolumeClaim(let claim), .memoryDump(let claim): claim.isReadOnly
            case .hostDisk, .containerDisk, .ephemeral, .emptyDisk, .dataVolume: false
            case .cloudInitNoCloud, .cloudInitConfigDrive, .sysprep, .configMap, .secret, .downwardAPI,
                .serviceAccount, .downwardMetrics:
                true
            case .containerPath(_, let isReadOnly): isReadOnly
            }
        }
    }

    /// The name, which is also the disk's.
    public var name: String

    /// Where its content comes from.
    public var source: Source
}
