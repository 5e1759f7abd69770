// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GuestMemory
internal import Linux
internal import Storage
import Synchronization
internal import Virtio

/// Requests that stop the machine: they keep their slot until the machine has been paused and goes on, or until a task
/// management function or a vanishing unit cancels them.
extension SCSIWork {
    /// Keeps a request that the host failed and asks for the machine to be stopped.
    mutating func park(_ lane: UnsafeMutablePointer<SCSILane>, _ index: Int, _ failure: Errno) {
        unsafe lane.pointee.slots[index].failure = failure
        // SAFETY: at most `depth` slots are parked, and each once.
        unsafe lane.pointee.parked[lane.pointee.parkedCount] = index
        unsafe lane.pointee.parkedCount &+= 1
        parkedCount &+= 1
        parking.add(failure)
        // The machine is to stop already when it is not the first.
        guard parkedCount == 1 else { return }
        let profile = unsafe lane.pointee.unit.profile
        profile.signals?.diskStopped(DiskFailure(disk: profile.name, error: failure))
    }

    /// Answers what was cancelled and tries everything else again.
    mutating func retry() {
        mayRetry = false
        parking.clear()
        parkedCount = 0
        let cancellations = cancelled.take()
        for unit in 0..<SCSILimits.units {
            guard let lane = unsafe lanes[unit], unsafe lane.pointee.parkedCount > 0 else { continue }
            let count = unsafe lane.pointee.parkedCount
            unsafe lane.pointee.parkedCount = 0
            for i in 0..<count {
                // SAFETY: what is parked anew goes below `i`, where it has been read already.
                let index = unsafe lane.pointee.parked[i]
                let slot = unsafe lane.pointee.slots + index
                unsafe slot.pointee.failure = nil
                let id = unsafe slot.pointee.id
                if let hit = cancellations.first(where: { $0.unit == unit && ($0.id ?? id) == id }) {
                    unsafe end(lane, index, hit.response, .none)
                } else {
                    unsafe again(lane, index)
                }
            }
        }
        backlog.removeAll { request in
            cancellations.contains { $0.unit == Int(request.unit) && ($0.id ?? request.id) == request.id }
        }
        adopt()
    }

    private mutating func again(_ lane: UnsafeMutablePointer<SCSILane>, _ index: Int) {
        let slot = unsafe lane.pointee.slots + index
        switch unsafe slot.pointee.kind {
        case .unmap, .zero:
            // The range that failed is the one before the next.
            unsafe slot.pointee.rangesDone = max(slot.pointee.rangesDone &- 1, 0)
        case .fill:
            let piece = unsafe UInt64(slot.pointee.fillEntry.pointee.iov_len)
            unsafe slot.pointee.rangesDone = 0
            unsafe slot.pointee.ranges[0].offset &-= piece
            unsafe slot.pointee.ranges[0].count &+= piece
        default: break
        }
        unsafe submit(lane, index)
    }

    /// Gives slots to restored requests, as many as there are, and submits them.
    mutating func adopt() {
        while let request = backlog.last {
            guard let lane = unsafe lanes[Int(clamping: request.unit)] else {
                backlog.removeLast()
                continue
            }
            guard unsafe lane.pointee.freeCount > 0 else { break }
            backlog.removeLast()
            let index = unsafe lane.pointee.take()
            // Not of this unit or this guest, where it is not sound: the state came over a wire.
            if unsafe load(request, into: lane, index) {
                unsafe submit(lane, index)
            } else {
                unsafe end(lane, index, .failure, .none)
            }
        }
        commit()
    }

    /// Brings what travels with the device's state up to date; the queue is quiet.
    mutating func save() {
        guard parkedCount > 0 || !backlog.isEmpty else { return }
        mayRetry = true
        var all: [SCSIParkedRequest] = []
        for unit in 0..<SCSILimits.units {
            guard let lane = unsafe lanes[unit] else { continue }
            for i in unsafe 0..<lane.pointee.parkedCount {
                all.append(unsafe record(of: lane.pointee.slots + lane.pointee.parked[i], unit))
            }
        }
        all += backlog.reversed()
        parking.requests.withLock { $0 = all }
    }

    private func record(of slot: UnsafeMutablePointer<SCSISlot>, _ unit: Int) -> SCSIParkedRequest {
        var request = SCSIParkedRequest(
            queue: UInt32(clamping: queue.index - SCSI.firstRequestQueue), unit: UInt32(clamping: unit),
            token: unsafe slot.pointee.token.rawValue, id: unsafe slot.pointee.id,
            error: unsafe slot.pointee.failure?.code ?? EIO, kind: unsafe slot.pointee.kind.rawValue)
        request.isDurable = unsafe slot.pointee.isDurable
        request.mayUnmap = unsafe slot.pointee.mayUnmap
        request.offset = unsafe slot.pointee.offset
        request.residual = unsafe UInt64(clamping: slot.pointee.residual)
        request.responseSegments = unsafe UInt32(clamping: slot.pointee.responseCount)
        for i in unsafe 0..<slot.pointee.vector.count {
            let segment = unsafe slot.pointee.vector.pointer[i]
            guard let base = unsafe segment.iov_base else { continue }
            request.addresses.append(unsafe memory.address(of: base).rawValue)
            request.lengths.append(UInt64(truncatingIfNeeded: unsafe segment.iov_len))
        }
        switch unsafe slot.pointee.kind {
        case .unmap, .zero:
            for i in unsafe max(slot.pointee.rangesDone &- 1, 0)..<slot.pointee.rangeCount {
                request.ranges += unsafe [slot.pointee.ranges[i].offset, slot.pointee.ranges[i].count]
            }
        case .fill:
            let piece = unsafe UInt64(slot.pointee.fillEntry.pointee.iov_len)
            request.ranges = unsafe [slot.pointee.ranges[0].offset &- piece, slot.pointee.ranges[0].count &+ piece]
            if let fill = unsafe slot.pointee.fill {
                request.fill = unsafe Array(fill.prefix(Int(clamping: lanesBlockBytes(unit))))
            }
        default: break
        }
        return request
    }

    private func lanesBlockBytes(_ unit: Int) -> UInt64 {
        unsafe lanes[unit].map { unsafe $0.pointee.unit.view().blockBytes } ?? 512
    }

    /// Takes a restored request into a slot; false when it makes no sense, every byte of it judged anew.
    private func load(_ request: SCSIParkedRequest, into lane: UnsafeMutablePointer<SCSILane>, _ index: Int) -> Bool {
        let slot = unsafe lane.pointee.slots + index
        let view = unsafe lane.pointee.unit.view()
        unsafe slot.pointee.token = ChainToken(rawValue: request.token)
        unsafe slot.pointee.id = request.id
        unsafe slot.pointee.kind = .none
        unsafe slot.pointee.isDurable = request.isDurable
        unsafe slot.pointee.mayUnmap = request.mayUnmap
        unsafe slot.pointee.offset = request.offset
        unsafe slot.pointee.residual = Int(UInt32(clamping: request.residual))
        unsafe slot.pointee.count = 0
        unsafe slot.pointee.rangeCount = 0
        unsafe slot.pointee.rangesDone = 0
        unsafe slot.pointee.responseCount = 0
        unsafe slot.pointee.vector.removeAll()
        for (i, pair) in zip(request.addresses, request.lengths).enumerated() {
            guard let count = Int(exactly: pair.1), count > 0,
                let base = unsafe memory.pointer(GuestAddress(pair.0), count: count),
                unsafe slot.pointee.vector.append(UnsafeMutableRawBufferPointer(start: base, count: count))
            else { return false }
            if i + 1 == Int(request.responseSegments) {
                guard unsafe slot.pointee.vector.bytes == responseBytes else { return false }
                unsafe slot.pointee.responseCount = i + 1
            }
        }
        guard unsafe slot.pointee.responseCount > 0, let kind = SCSISlot.Kind(rawValue: request.kind),
            kind == .flush || kind == .read || !view.isReadOnly
        else { return false }
        let bytes = unsafe UInt64(clamping: slot.pointee.vector.bytes &- responseBytes)
        func isSound(_ offset: UInt64, _ count: UInt64) -> Bool {
            offset % view.blockBytes == 0 && count % view.blockBytes == 0
                && view.contains(offset / view.blockBytes, count: count / view.blockBytes)
        }
        switch kind {
        case .none: return false
        case .flush: break
        case .read, .write:
            guard isSound(request.offset, bytes) else { return false }
            unsafe slot.pointee.count = Int(clamping: bytes)
        case .unmap, .zero, .fill:
            let pairs = request.ranges.count / 2
            guard pairs > 0, kind != .fill || (pairs == 1 && request.fill.count == Int(clamping: view.blockBytes))
            else {
                return false
            }
            for i in 0..<pairs {
                let range = SCSIRange(offset: request.ranges[2 * i], count: request.ranges[2 * i + 1])
                guard isSound(range.offset, range.count) else { return false }
                unsafe slot.pointee.ranges[i] = range
            }
            unsafe slot.pointee.rangeCount = pairs
            if kind == .fill {
                unsafe slot.pointee.fill = SCSIWork.repeating(request.fill, upTo: request.ranges[1])
            }
        }
        unsafe slot.pointee.kind = kind
        return true
    }
}
