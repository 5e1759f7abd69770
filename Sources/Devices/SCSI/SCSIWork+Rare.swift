// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Linux
internal import Virtio

/// Requests that need no engine, or need one seldom.
extension SCSIWork {
    /// Starts any command but a read, a write or a flush.
    mutating func beginRare(
        _ command: SCSICommand, _ header: SCSIRequestHeader, _ lane: UnsafeMutablePointer<SCSILane>, _ view: SCSIView,
        _ incoming: Int, _ outgoing: Int
    ) {
        let unit = unsafe lane.pointee.unit
        switch command {
        case .read, .write, .flush: return reject(.failure)
        case .good: return succeed(residual: incoming &+ outgoing)
        case .refused(let sense):
            unsafe lane.pointee.metrics.refusals.add()
            return fail(sense)
        case .answer(let limit):
            if header.command.operation == 0xA0 { unit.forgetUnitsChanged() }
            let units = shared.numbers.withLock { $0 }
            switch SCSIAnswers.make(header.command, unit, view, units: units) {
            case .failure(let error): return fail(error.sense)
            case .success(let data): return answer(data, limit: limit, incoming)
            }
        case .tray(let open):
            if let sense = unit.move(open: open) { return fail(sense) }
            return succeed(residual: 0)
        case .preventRemoval(let isLocked):
            unit.lock(isLocked)
            return succeed(residual: 0)
        case .modeSelect(let count, let isLong):
            guard count <= outgoing else { return reject(.overrun) }
            guard let list = parameters(count) else { return fail(.parameterLength) }
            let had = unit.writeCache.load(ordering: .relaxed)
            if let sense = SCSIModePages.select(list, isLong: isLong, unit) { return fail(sense) }
            guard had, !unit.writeCache.load(ordering: .relaxed) else { return succeed(residual: outgoing &- count) }
            // Without a cache everything written so far is to be on stable storage.
            guard let index = unsafe slot(lane, header) else {
                unit.writeCache.store(true, ordering: .relaxed)
                return
            }
            unsafe lane.pointee.slots[index].kind = .flush
            unsafe submit(lane, index)
        case .unmap(let count): return unsafe unmap(count, header, lane, view, outgoing)
        case .writeSame(let offset, let count, let unmap, let hasData):
            return unsafe writeSame(
                SCSIRange(offset: offset, count: count), unmap: unmap, hasData: hasData, header, lane, view, outgoing)
        }
    }

    /// The parameter list behind the command block; nil when it is longer than any that is served.
    private func parameters(_ count: Int) -> [UInt8]? {
        guard count <= SCSILimits.parameterBytes else { return nil }
        return data(count)
    }

    private func data(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            let from = SCSIRequestHeader.bytes &+ Int(shared.commandBytes.load(ordering: .relaxed))
            // SAFETY: the buffer has `count` bytes, none of which outlives the call unread.
            done = unsafe chain.read(
                at: from,
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer).prefix(count)))
        }
    }

    // UNMAP, SBC-3 §5.28.
    private mutating func unmap(
        _ count: Int, _ header: SCSIRequestHeader, _ lane: UnsafeMutablePointer<SCSILane>, _ view: SCSIView,
        _ outgoing: Int
    ) {
        guard count <= outgoing else { return reject(.overrun) }
        guard count >= 8 else { return fail(.parameterLength) }
        guard let list = parameters(min(count, SCSILimits.parameterBytes)), list.count >= 8 else {
            return fail(.parameterLength)
        }
        let described = Int(list[2]) << 8 | Int(list[3])
        guard described / 16 <= SCSILimits.ranges else { return fail(.invalidParameter) }
        guard described + 8 <= list.count else { return fail(.parameterLength) }
        var ranges: [SCSIRange] = []
        for i in 0..<(described / 16) {
            let block = CommandBlock(Array(list[(8 + 16 * i)..<(24 + 16 * i)]))
            let (first, blocks) = (block.double(0), UInt64(block.word(8)))
            guard view.contains(first, count: blocks) else { return fail(.outOfRange) }
            guard blocks <= SCSILimits.unmapBytes / view.blockBytes else { return fail(.invalidParameter) }
            if blocks > 0 {
                ranges.append(SCSIRange(offset: first &* view.blockBytes, count: blocks &* view.blockBytes))
            }
        }
        if ranges.isEmpty { return succeed(residual: outgoing &- count) }
        guard let index = unsafe slot(lane, header) else { return }
        let slot = unsafe lane.pointee.slots + index
        unsafe slot.pointee.kind = .unmap
        for (i, range) in ranges.enumerated() { unsafe slot.pointee.ranges[i] = range }
        unsafe slot.pointee.rangeCount = ranges.count
        unsafe slot.pointee.residual = outgoing &- count
        unsafe submit(lane, index)
    }

    // WRITE SAME, SBC-3 §5.42 and §5.44: zeros by the host's own call, anything else by writing it again and again.
    private mutating func writeSame(
        _ range: SCSIRange, unmap: Bool, hasData: Bool, _ header: SCSIRequestHeader,
        _ lane: UnsafeMutablePointer<SCSILane>, _ view: SCSIView, _ outgoing: Int
    ) {
        let blockBytes = Int(clamping: view.blockBytes)
        guard !hasData || blockBytes <= outgoing else { return reject(.overrun) }
        let block = hasData ? data(blockBytes) : []
        guard !hasData || block.count == blockBytes else { return reject(.overrun) }
        let isZero = block.allSatisfy { $0 == 0 }
        guard let index = unsafe slot(lane, header) else { return }
        let slot = unsafe lane.pointee.slots + index
        unsafe slot.pointee.ranges[0] = range
        unsafe slot.pointee.rangeCount = 1
        unsafe slot.pointee.residual = max(outgoing &- block.count, 0)
        if isZero {
            unsafe slot.pointee.kind = .zero
            unsafe slot.pointee.mayUnmap = unmap
        } else {
            unsafe slot.pointee.kind = .fill
            unsafe slot.pointee.fill = SCSIWork.repeating(block, upTo: range.count)
        }
        unsafe submit(lane, index)
    }

    /// A block again and again: as many bytes as are wanted, 1 MiB at most.
    static func repeating(_ block: [UInt8], upTo count: UInt64) -> UnsafeMutableRawBufferPointer {
        let blocks = max(Int(clamping: min(count, 1 << 20)) / max(block.count, 1), 1)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blocks * block.count, alignment: 4096)
        for i in 0..<blocks {
            let part = unsafe buffer[(i * block.count)..<((i + 1) * block.count)]
            unsafe UnsafeMutableRawBufferPointer(rebasing: part).copyBytes(from: block)
        }
        return unsafe buffer
    }

    /// A request for a number where there is no unit (SPC-4 §6.6.2: INQUIRY is answered all the same).
    mutating func answerForNobody(_ block: CommandBlock, _ incoming: Int) {
        switch block.operation {
        case 0x12 where block[1] & 1 == 0: return answer(SCSIInquiry.absent, limit: Int(block.half(3)), incoming)
        case 0x03: return answer(Sense.noUnit.fixed, limit: Int(block[4]), incoming)
        case 0xA0:
            let units = shared.numbers.withLock { $0 }
            switch SCSIAnswers.reportUnits(block, units) {
            case .success(let data): return answer(data, limit: Int(clamping: block.word(6)), incoming)
            case .failure(let error): return fail(error.sense)
            }
        default: return fail(.noUnit)
        }
    }

    // MARK: Answers without a slot

    /// Data for the driver, as many bytes as it asked for and has room for.
    private mutating func answer(_ data: [UInt8], limit: Int, _ incoming: Int) {
        let count = min(data.count, max(limit, 0), incoming)
        let at = responseBytes
        unsafe data.withUnsafeBytes { bytes in
            _ = unsafe chain.write(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)), at: at)
        }
        respond(.ok, .none, residual: incoming &- count, moved: count)
    }

    mutating func succeed(residual: Int) {
        respond(.ok, .none, residual: residual, moved: 0)
    }

    mutating func fail(_ sense: Sense) {
        respond(.ok, sense, residual: 0, moved: 0)
    }

    /// Nothing was done, for a reason that is not the unit's.
    mutating func reject(_ response: SCSIResponse) {
        respond(response, .none, residual: 0, moved: 0)
    }

    private mutating func respond(_ response: SCSIResponse, _ sense: Sense, residual: Int, moved: Int) {
        unsafe withResponse(response, sense, residual: residual) { bytes in _ = unsafe chain.write(bytes, at: 0) }
        give(chain.token, written: responseBytes &+ moved)
    }
}
