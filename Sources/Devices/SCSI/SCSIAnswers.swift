// SPDX-License-Identifier: Apache-2.0

/// Data that units make up, one command each.
enum SCSIAnswers {
    /// The data of a command that `SCSICommand` found to have an answer.
    /// - Parameter units: numbers of all units there are, rising.
    static func make(
        _ block: CommandBlock, _ unit: SCSIUnit, _ view: SCSIView, units: [Int]
    ) -> Result<[UInt8], SenseError> {
        switch block.operation {
        case 0x03: return requestSense(block, unit, view)
        case 0x12: return SCSIInquiry.answer(block, unit)
        case 0x1A, 0x5A: return SCSIModePages.answer(block, unit)
        case 0x25: return .success(capacity10(view))
        case 0x9E: return .success(capacity16(unit, view))
        case 0xA0: return reportUnits(block, units)
        case 0xA3: return operations(block, unit.kind)
        case 0x43: return SCSIOptical.tableOfContents(block, view)
        case 0x46: return SCSIOptical.configuration(block, view)
        case 0x4A: return SCSIOptical.events(block, unit)
        case 0x51: return SCSIOptical.disc(block)
        case 0xBD: return .success(SCSIOptical.mechanism(view))
        default: return .failure(SenseError(.invalidOperation))
        }
    }

    private static func requestSense(
        _ block: CommandBlock, _ unit: SCSIUnit, _ view: SCSIView
    ) -> Result<[UInt8], SenseError> {
        let sense = unit.takeAttention() ?? view.notReady ?? .none
        return .success(block[1] & 1 != 0 ? sense.descriptor : sense.fixed)
    }

    private static func capacity10(_ view: SCSIView) -> [UInt8] {
        var data = BigEndianBytes()
        data.put(UInt32(clamping: max(view.blocks, 1) - 1))
        data.put(UInt32(clamping: view.blockBytes))
        return data.bytes
    }

    private static func capacity16(_ unit: SCSIUnit, _ view: SCSIView) -> [UInt8] {
        var data = BigEndianBytes()
        data.put(max(view.blocks, 1) - 1)
        data.put(UInt32(clamping: view.blockBytes))
        // Then: no protection, physical blocks, LBPME and LBPRZ: what was unmapped reads as zeros only by WRITE SAME.
        data.put([0, unit.physicalExponent & 0x0F, view.canDiscard ? 0x80 : 0, 0])
        data.fill(to: 32)
        return data.bytes
    }

    /// REPORT LUNS (SPC-4 §6.33); the first number is told whether or not there is a unit.
    static func reportUnits(_ block: CommandBlock, _ units: [Int]) -> Result<[UInt8], SenseError> {
        guard block[2] <= 2 else { return .failure(SenseError(.invalidField)) }
        var data = BigEndianBytes()
        // Well-known units there are none of.
        let told = block[2] == 1 ? [] : units.contains(0) ? units : [0] + units
        data.put(UInt32(told.count * 8))
        data.put(UInt32(0))
        for unit in told {
            data.put([0, UInt8(truncatingIfNeeded: unit)])
            data.zeros(6)
        }
        return .success(data.bytes)
    }

    /// REPORT SUPPORTED OPERATION CODES (SPC-4 §6.35).
    private static func operations(_ block: CommandBlock, _ kind: SCSIKind) -> Result<[UInt8], SenseError> {
        let (options, code, action) = (block[2] & 7, block[3], block.half(4))
        let withTimeouts = block[2] & 0x80 != 0
        var data = BigEndianBytes()
        if options == 0 {
            data.put(UInt32(0))
            for known in SCSIOperation.all where known.exists(on: kind) {
                data.put([known.code, 0])
                data.put(UInt16(known.action ?? 0))
                data.put([0, (withTimeouts ? 2 : 0) | (known.action == nil ? 0 : 1)])
                data.put(UInt16(known.usage.count))
                if withTimeouts { data.put([0, 0x0A] + [UInt8](repeating: 0, count: 10)) }
            }
            data.set(data.bytes.count - 4, at: 0, width: 4)
            return .success(data.bytes)
        }
        guard options <= 3 else { return .failure(SenseError(.invalidField)) }
        let candidates = SCSIOperation.all.filter { $0.code == code && $0.exists(on: kind) }
        let hasActions = candidates.contains { $0.action != nil }
        // Option 1 is for commands without service actions, 2 for those with; 3 for either.
        if !candidates.isEmpty, options == 1 && hasActions || options == 2 && !hasActions {
            return .failure(SenseError(.invalidField))
        }
        let known = candidates.first {
            $0.action == nil ? action == 0 || options == 1 : UInt16($0.action ?? 0) == action
        }
        data.put([0, (withTimeouts && known != nil ? 0x80 : 0) | (known == nil ? 1 : 3)])
        data.put(UInt16(known?.usage.count ?? 0))
        data.put(known?.usage ?? [])
        if withTimeouts, known != nil { data.put([0, 0x0A] + [UInt8](repeating: 0, count: 10)) }
        return .success(data.bytes)
    }
}
