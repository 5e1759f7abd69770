// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Linux
internal import Virtio

/// How requests end: counted, answered and given back.
extension SCSIWork {
    @inline(__always)
    mutating func finish(_ lane: UnsafeMutablePointer<SCSILane>, _ index: Int, failure: Errno?) {
        guard let failure else {
            unsafe count(lane, index)
            return unsafe end(lane, index, .ok, .none)
        }
        unsafe lane.pointee.metrics.failures.add()
        switch unsafe lane.pointee.unit.profile.policy.verdict(failure) {
        case .report: unsafe end(lane, index, .ok, sense(of: failure, lane.pointee.slots[index].kind))
        case .ignore: unsafe end(lane, index, .ok, .none)
        case .stop: unsafe park(lane, index, failure)
        }
    }

    func sense(of failure: Errno, _ kind: SCSISlot.Kind) -> Sense {
        if failure.code == EOPNOTSUPP { return .invalidOperation }
        if FailurePolicy.isNoSpace(failure) { return .noSpace }
        return kind == .read ? .readError : .writeError
    }

    /// Writes the response, gives the chain back and frees the slot.
    @inline(__always)
    mutating func end(
        _ lane: UnsafeMutablePointer<SCSILane>, _ index: Int, _ response: SCSIResponse, _ sense: Sense
    ) {
        let slot = unsafe lane.pointee.slots + index
        let isGood = response == .ok && sense == .none
        let moved = unsafe isGood && slot.pointee.kind == .read ? slot.pointee.count : 0
        let wanted = unsafe slot.pointee.count
        let residual = unsafe isGood ? slot.pointee.residual : slot.pointee.residual &+ wanted
        unsafe withResponse(response, sense, residual: residual) { bytes in
            // SAFETY: the response's segments are the first of the vector and hold as many bytes.
            var left = unsafe IOSpan(base: slot.pointee.vector.pointer, count: slot.pointee.responseCount)
            _ = unsafe left.write(bytes)
        }
        unsafe slot.pointee.vector.markWritten(bytes: responseBytes &+ moved, in: memory)
        if let fill = unsafe slot.pointee.fill {
            unsafe fill.deallocate()
            unsafe slot.pointee.fill = nil
        }
        unsafe give(slot.pointee.token, written: responseBytes &+ moved)
        unsafe lane.pointee.give(index)
    }

    /// Makes up a response as the driver laid it out (virtio 1.2 §5.6.6.1).
    @inline(__always)
    func withResponse(
        _ response: SCSIResponse, _ sense: Sense, residual: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        var raw = InlineArray<268, UInt8>(repeating: 0)
        let isCheck = sense != .none
        let senseBytes = isCheck ? min(Sense.fixedBytes, responseBytes &- 12) : 0
        raw[0] = UInt8(truncatingIfNeeded: senseBytes)
        let left = UInt32(clamping: residual)
        for i in 0..<4 { raw[4 &+ i] = UInt8(truncatingIfNeeded: left >> UInt32(8 &* i)) }
        raw[10] = isCheck ? SCSIStatus.checkCondition.rawValue : SCSIStatus.good.rawValue
        raw[11] = response.rawValue
        if isCheck {
            for (i, byte) in sense.fixed.prefix(senseBytes).enumerated() { raw[12 &+ i] = byte }
        }
        let count = responseBytes
        // SAFETY: a response has at most 12 and 255 bytes.
        unsafe withUnsafeBytes(of: raw) { unsafe body(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
    }

    @inline(__always)
    mutating func give(_ token: ChainToken, written: Int) {
        queue.complete(token, written: UInt32(truncatingIfNeeded: written))
        unpublished &+= 1
    }

    @inline(__always)
    private func count(_ lane: UnsafeMutablePointer<SCSILane>, _ index: Int) {
        let bytes = unsafe lane.pointee.slots[index].count
        switch unsafe lane.pointee.slots[index].kind {
        case .none: break
        case .read:
            unsafe lane.pointee.metrics.reads.add()
            unsafe lane.pointee.metrics.bytesRead.add(bytes)
        case .write:
            unsafe lane.pointee.metrics.writes.add()
            unsafe lane.pointee.metrics.bytesWritten.add(bytes)
        case .flush: unsafe lane.pointee.metrics.flushes.add()
        case .unmap: unsafe lane.pointee.metrics.discards.add()
        case .zero, .fill: unsafe lane.pointee.metrics.zeroings.add()
        }
    }
}
