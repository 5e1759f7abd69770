// SPDX-License-Identifier: Apache-2.0

/// What only CD-ROM drives tell (MMC-6 §6).
enum SCSIOptical {
    /// READ TOC/PMA/ATIP, §6.26: one session with one data track.
    static func tableOfContents(_ block: CommandBlock, _ view: SCSIView) -> Result<[UInt8], SenseError> {
        let asTime = block[1] & 2 != 0
        func address(_ block: UInt64) -> [UInt8] {
            if asTime {
                let frame = block + 150
                return [0, UInt8(clamping: frame / 4500), UInt8(frame / 75 % 60), UInt8(frame % 75)]
            }
            let word = UInt32(clamping: block)
            return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
        var data = BigEndianBytes()
        // Older drivers put the format into the last byte.
        let format = block[2] & 0x0F != 0 ? block[2] & 0x0F : block[9] >> 6
        switch format {
        case 0:
            guard block[6] <= 1 || block[6] == 0xAA else { return .failure(SenseError(.invalidField)) }
            data.put([0, 0, 1, 1])
            if block[6] <= 1 {
                data.put([0, 0x14, 1, 0])
                data.put(address(0))
            }
            data.put([0, 0x14, 0xAA, 0])
            data.put(address(view.blocks))
        case 1:
            data.put([0, 0, 1, 1, 0, 0x14, 1, 0])
            data.put(address(0))
        default: return .failure(SenseError(.invalidField))
        }
        data.set(data.bytes.count - 2, at: 0, width: 2)
        return .success(data.bytes)
    }

    /// GET CONFIGURATION, §6.6: a drive that reads CD-ROM and DVD-ROM.
    static func configuration(_ block: CommandBlock, _ view: SCSIView) -> Result<[UInt8], SenseError> {
        // What a CD could never hold is a DVD.
        let isDVD = view.blocks > 360_000
        let profile: UInt16 = view.notReady != nil ? 0 : isDVD ? 0x10 : 0x08
        let (kind, first) = (block[1] & 3, block.half(2))
        guard kind != 3 else { return .failure(SenseError(.invalidField)) }
        let features: [(UInt16, [UInt8])] = [
            // Profile list.
            (0, [0x03, 8, 0, 0x10, profile == 0x10 ? 1 : 0, 0, 0, 0x08, profile == 0x08 ? 1 : 0, 0]),
            // Core: SCSI; the drive tells device busy events.
            (1, [0x0B, 8, 0, 0, 0, 1, 1, 0, 0, 0]),
            // Removable medium: a tray that locks, ejects and loads.
            (3, [0x03, 4, 0x39, 0, 0, 0]),
        ]
        var data = BigEndianBytes()
        data.put([0, 0, 0, 0, 0, 0])
        data.put(profile)
        for (number, body) in features where kind == 2 ? number == first : number >= first {
            data.put(number)
            data.put(body)
        }
        data.set(data.bytes.count - 4, at: 0, width: 4)
        return .success(data.bytes)
    }

    /// GET EVENT STATUS NOTIFICATION, §6.7: media events, when asked without waiting.
    static func events(_ block: CommandBlock, _ unit: SCSIUnit) -> Result<[UInt8], SenseError> {
        // Nobody waits for an event here.
        guard block[1] & 1 != 0 else { return .failure(SenseError(.invalidField)) }
        let media: UInt8 = 1 << 4
        guard block[4] & media != 0 else { return .success([0, 2, 0x80, media]) }
        let (event, isOpen, hasMedium) = unit.takeMediaEvent()
        return .success([0, 6, 4, media, event, (isOpen ? 1 : 0) | (hasMedium ? 2 : 0), 0, 0])
    }

    /// READ DISC INFORMATION, §6.22: complete, one session.
    static func disc(_ block: CommandBlock) -> Result<[UInt8], SenseError> {
        guard block[1] & 7 == 0 else { return .failure(SenseError(.invalidField)) }
        var data = BigEndianBytes()
        data.put([0, 32, 0x0E, 1, 1, 1, 1, 0x20, 0])
        data.fill(to: 34)
        return .success(data.bytes)
    }

    /// MECHANISM STATUS, §6.11.
    static func mechanism(_ view: SCSIView) -> [UInt8] { [0, view.isTrayOpen ? 0x10 : 0, 0, 0, 0, 0, 0, 0] }
}
