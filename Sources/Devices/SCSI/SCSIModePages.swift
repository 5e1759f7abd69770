// SPDX-License-Identifier: Apache-2.0

/// MODE SENSE and MODE SELECT (SPC-4 §6.11 to §6.14, §7.5; SBC-3 §6.5; MMC-6 Annex).
enum SCSIModePages {
    /// The answer to MODE SENSE.
    static func answer(_ block: CommandBlock, _ unit: SCSIUnit) -> Result<[UInt8], SenseError> {
        let isLong = block.operation == 0x5A
        let (control, page, subpage) = (block[2] >> 6, block[2] & 0x3F, block[3])
        if control == 3 { return .failure(SenseError(.noSavedPages)) }
        guard subpage == 0 || (subpage == 0xFF && page == 0x3F) else { return .failure(SenseError(.invalidField)) }
        let wanted = pages(of: unit.kind).filter { page == 0x3F || page == $0 }
        guard !wanted.isEmpty || (page == 0 && subpage == 0) else { return .failure(SenseError(.invalidField)) }
        let view = unit.view()
        var data = BigEndianBytes()
        // WP, and DPOFUA for a disk.
        let specific: UInt8 = (view.isReadOnly ? 0x80 : 0) | (unit.kind == .disk ? 0x10 : 0)
        let descriptor = block[1] & 8 == 0 && unit.kind == .disk ? blockDescriptor(view) : []
        if isLong {
            data.put([0, 0, 0, specific, 0, 0, 0, UInt8(descriptor.count)])
        } else {
            data.put([0, 0, specific, UInt8(descriptor.count)])
        }
        data.put(descriptor)
        for page in wanted { data.put(contents(of: page, control, unit)) }
        if isLong {
            data.set(data.bytes.count - 2, at: 0, width: 2)
        } else {
            data.set(min(data.bytes.count - 1, 255), at: 0, width: 1)
        }
        return .success(data.bytes)
    }

    /// Takes a parameter list up; nil when all of it was, and nothing has changed otherwise.
    static func select(_ list: [UInt8], isLong: Bool, _ unit: SCSIUnit) -> Sense? {
        if list.isEmpty { return nil }
        let header = isLong ? 8 : 4
        guard list.count >= header else { return .parameterLength }
        let descriptors = isLong ? Int(list[6]) << 8 | Int(list[7]) : Int(list[3])
        let view = unit.view()
        guard descriptors == 0 || descriptors == 8, list.count >= header + descriptors else { return .parameterLength }
        if descriptors == 8 {
            // Neither the number of blocks nor their size can be chosen; zero blocks mean as they are.
            let given = Array(list[header..<(header + 8)])
            let own = blockDescriptor(view)
            let isCount = given[0..<4].allSatisfy { $0 == 0 } || given[0..<4] == own[0..<4]
            guard isCount, given[5...] == own[5...] else { return .invalidParameter }
        }
        var at = header + descriptors
        var cache: Bool?
        while at < list.count {
            guard at + 2 <= list.count else { return .parameterLength }
            let (page, length) = (list[at] & 0x3F, Int(list[at + 1]) + 2)
            guard list[at] & 0x40 == 0, pages(of: unit.kind).contains(page) else { return .invalidParameter }
            guard at + length <= list.count else { return .parameterLength }
            var wanted = Array(list[at..<(at + length)])
            wanted[0] &= 0x3F
            var own = contents(of: page, 0, unit)
            guard wanted.count == own.count else { return .invalidParameter }
            if page == 8 {
                cache = wanted[2] & 4 != 0
                own[2] = own[2] & ~4 | wanted[2] & 4
            }
            guard wanted == own else { return .invalidParameter }
            at += length
        }
        if let cache { unit.writeCache.store(cache, ordering: .relaxed) }
        return nil
    }

    private static func pages(of kind: SCSIKind) -> [UInt8] { kind == .disk ? [1, 8, 0x0A] : [1, 0x2A] }

    private static func blockDescriptor(_ view: SCSIView) -> [UInt8] {
        var data = BigEndianBytes()
        data.put(view.blocks > 0xFFFF_FFFF ? 0 : UInt32(view.blocks))
        data.put(UInt32(truncatingIfNeeded: view.blockBytes & 0xFF_FFFF))
        return data.bytes
    }

    /// A page's current, changeable (1) or default (2) values.
    private static func contents(of page: UInt8, _ control: UInt8, _ unit: SCSIUnit) -> [UInt8] {
        let cached = control == 0 ? unit.writeCache.load(ordering: .relaxed) : true
        let masks = control == 1
        switch page {
        // Read-write error recovery: everything is done that can be.
        case 1: return [1, 10, masks ? 0 : 0x80] + [UInt8](repeating: 0, count: 9)
        // Caching: WCE is all that can be changed.
        case 8:
            return [8, 18, masks || (cached && !unit.view().isReadOnly) ? 4 : 0] + [UInt8](repeating: 0, count: 17)
        // Control: commands may be reordered, and no limit of time is known.
        case 0x0A:
            return [0x0A, 10, masks ? 2 : 2, masks ? 0 : 0x10, 0, 0, 0, 0, 0, 0, 0, 0].enumerated().map {
                masks && $0.offset > 1 ? 0 : $0.element
            }
        // MM capabilities and mechanical status: a tray that opens and can be locked.
        default:
            let locked: UInt8 = unit.drive.isLocked ? 2 : 0
            let body: [UInt8] = [
                0x3B, 0, 0x71, 0x60, 0x29 | locked, 0, 0x16, 0, 0, 2, 2, 0, 0x16, 0, 0, 0, 0, 0, 0, 0,
            ]
            return [0x2A, UInt8(body.count)] + (masks ? [UInt8](repeating: 0, count: body.count) : body)
        }
    }
}
