// SPDX-License-Identifier: Apache-2.0

extension SCSICommand {
    /// Judges a command block.
    @inline(__always)
    init(_ block: CommandBlock, on unit: SCSIView) {
        switch block.operation {
        // The two that matter come first.
        case 0x28: self = .transfer(unit, UInt64(block.word(2)), UInt64(block.half(7)), flags: block[1])
        case 0x2A: self = .transfer(unit, UInt64(block.word(2)), UInt64(block.half(7)), flags: block[1], writes: true)
        case 0x88: self = .transfer(unit, block.double(2), UInt64(block.word(10)), flags: block[1])
        case 0x8A: self = .transfer(unit, block.double(2), UInt64(block.word(10)), flags: block[1], writes: true)
        default: self = .other(block, on: unit)
        }
    }

    private static func transfer(
        _ unit: SCSIView, _ first: UInt64, _ blocks: UInt64, flags: UInt8, writes: Bool = false
    ) -> SCSICommand {
        if writes, unit.kind == .optical { return .refused(.invalidOperation) }
        if let sense = unit.notReady { return .refused(sense) }
        // Protection information is not kept.
        if flags & 0xE0 != 0 { return .refused(.invalidField) }
        guard unit.contains(first, count: blocks) else { return .refused(.outOfRange) }
        if writes, unit.isReadOnly { return .refused(.writeProtected) }
        let (offset, count) = (first &* unit.blockBytes, blocks &* unit.blockBytes)
        return writes
            ? .write(offset: offset, count: count, durable: flags & 8 != 0) : .read(offset: offset, count: count)
    }

    private static func other(_ block: CommandBlock, on unit: SCSIView) -> SCSICommand {
        guard let known = SCSIOperation.find(block.operation, action: block.action, on: unit.kind) else {
            let hasActions = SCSIOperation.all.contains { $0.code == block.operation && $0.action != nil }
            return .refused(hasActions ? .invalidField : .invalidOperation)
        }
        if known.needsMedium, let sense = unit.notReady { return .refused(sense) }
        let (short, long) = (UInt64(block.half(7)), UInt64(block.word(10)))
        switch block.operation {
        case 0x00: return unit.notReady.map { .refused($0) } ?? .good
        case 0x03, 0x12, 0x1A: return .answer(limit: block.operation == 0x12 ? Int(block.half(3)) : Int(block[4]))
        case 0x08, 0x0A:
            let first = UInt64(block.word(0) & 0x1F_FFFF)
            let blocks = block[4] == 0 ? 256 : UInt64(block[4])
            return transfer(unit, first, blocks, flags: 0, writes: block.operation == 0x0A)
        case 0xA8, 0xAA:
            return transfer(
                unit, UInt64(block.word(2)), UInt64(block.word(6)), flags: block[1], writes: block.operation == 0xAA)
        // WRITE AND VERIFY: what is on stable storage needs no second look.
        case 0x2E, 0x8E:
            let isShort = block.operation == 0x2E
            return transfer(
                unit, isShort ? UInt64(block.word(2)) : block.double(2), isShort ? short : long,
                flags: block[1] & 0xE0 | 8, writes: true)
        case 0x2F: return verify(unit, UInt64(block.word(2)), short, flags: block[1])
        case 0xAF: return verify(unit, UInt64(block.word(2)), UInt64(block.word(6)), flags: block[1])
        case 0x8F: return verify(unit, block.double(2), long, flags: block[1])
        case 0x35, 0x91: return unit.isReadOnly ? .good : .flush
        case 0x42:
            // ANCHOR is not kept.
            if block[1] & 1 != 0 || !unit.canDiscard { return .refused(.invalidField) }
            if unit.isReadOnly { return .refused(.writeProtected) }
            return short == 0 ? .good : .unmap(parameters: Int(short))
        case 0x41: return writeSame(unit, UInt64(block.word(2)), short, flags: block[1], mayOmit: false)
        case 0x93: return writeSame(unit, block.double(2), long, flags: block[1], mayOmit: true)
        case 0x15: return .modeSelect(parameters: Int(block[4]), isLong: false)
        case 0x55: return .modeSelect(parameters: Int(short), isLong: true)
        case 0x1B: return startStop(block, unit)
        case 0x1E: return .preventRemoval(block[4] & 1 != 0)
        case 0x2B:
            return unit.contains(UInt64(block.word(2)), count: 0) ? .good : .refused(.outOfRange)
        case 0x25: return .answer(limit: 8)
        case 0x9E: return .answer(limit: Int(block.word(10)))
        case 0xA0, 0xA3: return .answer(limit: Int(block.word(6)))
        case 0xBD: return .answer(limit: Int(block.half(8)))
        // MODE SENSE (10), READ TOC, GET CONFIGURATION, GET EVENT STATUS NOTIFICATION, READ DISC INFORMATION.
        case 0x5A, 0x43, 0x46, 0x4A, 0x51: return .answer(limit: Int(short))
        default: return .refused(.invalidOperation)
        }
    }

    // Comparing with the driver's data (BYTCHK) is not served; that the medium can be read is taken for granted.
    private static func verify(_ unit: SCSIView, _ first: UInt64, _ blocks: UInt64, flags: UInt8) -> SCSICommand {
        if flags & 0xE6 != 0 { return .refused(.invalidField) }
        return unit.contains(first, count: blocks) ? .good : .refused(.outOfRange)
    }

    private static func writeSame(
        _ unit: SCSIView, _ first: UInt64, _ blocks: UInt64, flags: UInt8, mayOmit: Bool
    ) -> SCSICommand {
        let omits = mayOmit && flags & 1 != 0
        // Neither protection information nor ANCHOR; NDOB only where it exists.
        if flags & 0xF0 != 0 || (!mayOmit && flags & 1 != 0) { return .refused(.invalidField) }
        if flags & 8 != 0 && !unit.canDiscard { return .refused(.invalidField) }
        guard unit.contains(first, count: blocks) else { return .refused(.outOfRange) }
        // No number of blocks means all that follow, which our limits forbid (WSNZ).
        guard blocks > 0, blocks <= SCSILimits.writeSameBytes / unit.blockBytes else { return .refused(.invalidField) }
        if unit.isReadOnly { return .refused(.writeProtected) }
        return .writeSame(
            offset: first &* unit.blockBytes, count: blocks &* unit.blockBytes, unmap: flags & 8 != 0, hasData: !omits)
    }

    private static func startStop(_ block: CommandBlock, _ unit: SCSIView) -> SCSICommand {
        // With a power condition the other bits mean nothing (SBC-3 §5.25); there is nothing to save here.
        if block[4] & 0xF0 != 0 || block[4] & 2 == 0 { return .good }
        return unit.kind == .optical ? .tray(open: block[4] & 1 == 0) : .refused(.invalidField)
    }
}
