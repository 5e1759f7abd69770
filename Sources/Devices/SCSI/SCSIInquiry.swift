// SPDX-License-Identifier: Apache-2.0

/// What INQUIRY tells (SPC-4 §6.6, §7.8; SBC-3 §6.6).
enum SCSIInquiry {
    static let vendor = "APUS"

    /// The answer of a unit.
    static func answer(_ block: CommandBlock, _ unit: SCSIUnit) -> Result<[UInt8], SenseError> {
        guard block[1] & 1 != 0 else {
            return block[2] == 0 ? .success(standard(unit)) : .failure(SenseError(.invalidField))
        }
        var page = BigEndianBytes()
        let type = unit.kind.deviceType
        page.put([type, block[2], 0, 0])
        switch block[2] {
        case 0x00: page.put(unit.kind == .disk ? [0x00, 0x80, 0x83, 0xB0, 0xB1, 0xB2] : [0x00, 0x80, 0x83])
        // Unit serial number.
        case 0x80: page.put(Array(unit.profile.serial.utf8.prefix(64)))
        // Device identification: vendor and serial number, which nobody else has.
        case 0x83 where !unit.profile.serial.isEmpty:
            var text = BigEndianBytes()
            text.put(vendor, count: 8)
            text.put(Array(unit.profile.serial.utf8.prefix(64)))
            page.put([0x02, 0x01, 0, UInt8(clamping: text.bytes.count)])
            page.put(text.bytes)
        case 0x83: break
        case 0xB0 where unit.kind == .disk: limits(unit.view(), into: &page)
        // Block device characteristics: rotation rate 1 is none.
        case 0xB1 where unit.kind == .disk:
            page.put(UInt16(1))
            page.fill(to: 64)
        // Logical block provisioning: UNMAP and both WRITE SAME give space back; thin.
        case 0xB2 where unit.kind == .disk:
            page.put(unit.view().canDiscard ? [0, 0xE0, 2, 0] : [0, 0, 0, 0])
        default: return .failure(SenseError(.invalidField))
        }
        page.set(page.bytes.count - 4, at: 2, width: 2)
        return .success(page.bytes)
    }

    private static func standard(_ unit: SCSIUnit) -> [UInt8] {
        var data = BigEndianBytes()
        // SPC-4; response data format 2, hierarchical addresses; commands may be queued.
        data.put([unit.kind.deviceType, unit.kind == .optical ? 0x80 : 0, 6, 0x12, 0, 0, 0, 2])
        data.put(vendor, count: 8)
        data.put(unit.kind == .optical ? "CD-ROM" : "HARDDISK", count: 16)
        data.put("1.0", count: 4)
        data.fill(to: 96)
        data.set(data.bytes.count - 5, at: 4, width: 1)
        return data.bytes
    }

    /// Of a number where there is no unit: qualifier 3, unknown type.
    static let absent: [UInt8] = {
        var data = BigEndianBytes()
        data.put([0x7F, 0, 6, 2, 31, 0, 0, 0])
        data.put(vendor, count: 8)
        data.put("", count: 20)
        return data.bytes
    }()

    // Block limits.
    private static func limits(_ view: SCSIView, into page: inout BigEndianBytes) {
        let most = UInt32(clamping: UInt64(SCSILimits.segments) * 4096 / view.blockBytes)
        // WSNZ: zero blocks do not mean all.
        page.put([1, 0])
        page.put(UInt16(0))
        page.put(most)
        page.put(UInt32(0))
        page.put(UInt32(0))
        page.put(view.canDiscard ? UInt32(clamping: SCSILimits.unmapBytes / view.blockBytes) : 0)
        page.put(view.canDiscard ? UInt32(SCSILimits.ranges) : 0)
        page.put(UInt32(clamping: max(4096 / view.blockBytes, 1)))
        page.put(UInt32(0))
        page.put(SCSILimits.writeSameBytes / view.blockBytes)
        page.fill(to: 64)
    }
}
