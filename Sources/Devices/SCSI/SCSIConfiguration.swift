// SPDX-License-Identifier: Apache-2.0

/// `struct virtio_scsi_config` as the driver reads it (virtio 1.2 §5.6.4).
struct SCSIConfiguration {
    /// Offsets of the two fields a driver may write.
    static let senseOffset = 20
    static let commandOffset = 24
    private var fields = ConfigurationBytes(count: 36)

    init(queues: Int, senseBytes: UInt32, commandBytes: UInt32) {
        fields.put(UInt32(clamping: queues), at: 0)
        fields.put(SCSILimits.segments, at: 4)
        // max_sectors: as long as the segments go.
        fields.put(UInt32(0xFFFF), at: 8)
        fields.put(SCSILimits.commandsPerUnit, at: 12)
        fields.put(UInt32(SCSILimits.eventBytes), at: 16)
        fields.put(senseBytes, at: SCSIConfiguration.senseOffset)
        fields.put(commandBytes, at: SCSIConfiguration.commandOffset)
        // max_channel and max_target are 0: there is one target.
        fields.put(UInt32(SCSILimits.units - 1), at: 32)
    }

    /// Reads `size` bytes.
    func read(at offset: Int, size: Int) -> UInt64 { fields.read(at: offset, size: size) }
}
