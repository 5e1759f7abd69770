// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a disk's queues and the vCPUs that read its configuration all look at.
final class BlockShared: Sendable {
    /// Bytes of the image as the driver was last told.
    let capacity: Atomic<UInt64>
    /// The driver trusts its flushes; false stores every write at once (virtio 1.2 §5.2.4, writeback).
    let writeCache = Atomic<Bool>(true)
    let profile: DiskProfile
    /// What VIRTIO_BLK_T_GET_ID answers: 20 bytes, filled up with zeros.
    let serial: [UInt8]

    init(capacity: UInt64, profile: DiskProfile) {
        self.capacity = Atomic(capacity)
        self.profile = profile
        let bytes = Array(profile.serial.utf8.prefix(BlockLimits.serialBytes))
        self.serial = bytes + [UInt8](repeating: 0, count: BlockLimits.serialBytes - bytes.count)
    }
}
