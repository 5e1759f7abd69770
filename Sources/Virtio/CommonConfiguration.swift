// SPDX-License-Identifier: Apache-2.0

/// Offsets in `struct virtio_pci_common_cfg` (virtio 1.2 §4.1.4.3).
enum CommonConfiguration {
    static let deviceFeatureSelect = 0
    static let deviceFeature = 4
    static let driverFeatureSelect = 8
    static let driverFeature = 12
    static let configurationVector = 16
    static let queueCount = 18
    static let deviceStatus = 20
    static let generation = 21
    static let queueSelect = 22
    static let queueSize = 24
    static let queueVector = 26
    static let queueEnable = 28
    static let queueNotifyOffset = 30
    static let queueDescriptors = 32
    static let queueDriver = 40
    static let queueDevice = 48
    /// Length of the structure without the fields of features that are not offered.
    static let count = 56
    /// VIRTIO_MSI_NO_VECTOR.
    static let noVector: UInt16 = 0xFFFF
}
