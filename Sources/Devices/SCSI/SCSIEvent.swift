// SPDX-License-Identifier: Apache-2.0

/// Something the driver hears of on the event queue (virtio 1.2 §5.6.6.3).
struct SCSIEvent: Equatable, Sendable {
    /// Set in `event` when events were lost before this one.
    static let missed: UInt32 = 0x8000_0000
    var event: UInt32
    var unit: Int
    var reason: UInt32

    /// A unit came: VIRTIO_SCSI_T_TRANSPORT_RESET, VIRTIO_SCSI_EVT_RESET_RESCAN.
    static func added(_ unit: Int) -> SCSIEvent { SCSIEvent(event: 1, unit: unit, reason: 1) }
    /// A unit went: VIRTIO_SCSI_EVT_RESET_REMOVED.
    static func removed(_ unit: Int) -> SCSIEvent { SCSIEvent(event: 1, unit: unit, reason: 2) }
    /// A unit's size changed: VIRTIO_SCSI_T_PARAM_CHANGE with code and qualifier of the sense data.
    static func resized(_ unit: Int) -> SCSIEvent { SCSIEvent(event: 3, unit: unit, reason: 0x2A | 9 << 8) }
    /// Another medium.
    static func mediumChanged(_ unit: Int) -> SCSIEvent { SCSIEvent(event: 3, unit: unit, reason: 0x28) }

    /// `struct virtio_scsi_event`; the address is in peripheral device addressing, as in REPORT LUNS.
    func bytes(missed: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        let event = missed ? event | SCSIEvent.missed : event
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: event >> UInt32(shift))) }
        bytes += [1, 0, 0, UInt8(truncatingIfNeeded: unit), 0, 0, 0, 0]
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: reason >> UInt32(shift))) }
        return bytes
    }
}
