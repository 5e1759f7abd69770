// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux
import Storage
import Synchronization
import Virtio

/// Requests that stop the machine: they keep their slot until the machine has been paused and goes on.
extension BlockWork where Engine: ~Copyable {
    /// Keeps a request that the host failed and asks for the machine to be stopped.
    mutating func park(_ index: Int, _ failure: Errno) {
        unsafe slots[index].failure = failure
        // SAFETY: at most `depth` slots are parked, and each once.
        unsafe parked[parkedCount] = index
        parkedCount &+= 1
        parking.add(failure)
        // The machine is to stop already when it is not the first.
        if parkedCount == 1 {
            shared.profile.signals?.diskStopped(DiskFailure(disk: shared.profile.name, error: failure))
        }
    }

    /// Tries all parked requests again.
    mutating func retry() {
        mayRetry = false
        parking.clear()
        image.capacity = shared.capacity.load(ordering: .relaxed)
        let count = parkedCount
        parkedCount = 0
        for i in 0..<count {
            // SAFETY: what is parked anew goes below `i`, where it has been read already.
            let index = unsafe parked[i]
            unsafe slots[index].failure = nil
            resubmit(index)
        }
        adopt()
    }

    /// Gives slots to restored requests, as many as there are, and submits them.
    mutating func adopt() {
        while freeCount > 0, let request = backlog.popLast() {
            freeCount &-= 1
            let index = unsafe free[freeCount]
            if unsafe load(request, into: slots + index) {
                resubmit(index)
            } else {
                // Not of this disk or this guest: the state came over a wire.
                unsafe slots[index].kind = .none
                finish(index, failure: Errno(code: 5, call: "restore"))
            }
        }
        unsafe engine.pointee.commit()
        reap()
    }

    private mutating func resubmit(_ index: Int) {
        let slot = unsafe slots + index
        let count = unsafe UInt64(truncatingIfNeeded: slot.pointee.count)
        switch unsafe slot.pointee.kind {
        case .none: finish(index, failure: Errno(code: 5, call: "restore"))
        case .read: submit(.read(unsafe span(slot), at: unsafe slot.pointee.offset, count: count), index)
        case .write:
            submit(.write(unsafe span(slot), at: unsafe slot.pointee.offset, count: count, durable: isDurable), index)
        case .flush: submit(.flush, index)
        case .discard, .writeZeroes:
            // The range that failed is the one before the next.
            unsafe slot.pointee.rangesDone = max(slot.pointee.rangesDone &- 1, 0)
            advance(index)
        }
    }

    /// Brings what travels with the device's state up to date; the queue is quiet.
    mutating func save() {
        guard parkedCount > 0 || !backlog.isEmpty else { return }
        mayRetry = true
        var all: [ParkedRequest] = []
        for i in 0..<parkedCount { all.append(unsafe record(of: slots + parked[i])) }
        all += backlog.reversed()
        parking.requests.withLock { $0 = all }
    }

    private func record(of slot: UnsafeMutablePointer<BlockSlot>) -> ParkedRequest {
        let type: UInt32 =
            switch unsafe slot.pointee.kind {
            case .none, .read: 0
            case .write: 1
            case .flush: 4
            case .discard: 11
            case .writeZeroes: 13
            }
        let status = unsafe slot.pointee.status.map { unsafe memory.address(of: $0).rawValue } ?? 0
        var request = ParkedRequest(
            queue: UInt32(clamping: queue.index), token: unsafe slot.pointee.token.rawValue,
            error: unsafe slot.pointee.failure?.code ?? 5, type: type, offset: unsafe slot.pointee.offset,
            status: status)
        if type < 2 {
            for i in unsafe 0..<slot.pointee.vector.count {
                let segment = unsafe slot.pointee.vector.pointer[i]
                guard let base = unsafe segment.iov_base else { continue }
                request.addresses.append(unsafe memory.address(of: base).rawValue)
                request.lengths.append(UInt64(truncatingIfNeeded: unsafe segment.iov_len))
            }
        }
        if type > 4 {
            for i in unsafe max(slot.pointee.rangesDone &- 1, 0)..<slot.pointee.rangeCount {
                request.ranges += unsafe slot.pointee.ranges[i].words
            }
        }
        return request
    }

    /// Takes a restored request into a slot; false when it makes no sense, every byte of it judged anew.
    private func load(_ request: ParkedRequest, into slot: UnsafeMutablePointer<BlockSlot>) -> Bool {
        unsafe slot.pointee.token = ChainToken(rawValue: request.token)
        unsafe slot.pointee.status = nil
        guard let status = unsafe memory.pointer(GuestAddress(request.status), count: 1) else { return false }
        unsafe slot.pointee.status = status.assumingMemoryBound(to: UInt8.self)
        unsafe slot.pointee.vector.removeAll()
        unsafe slot.pointee.count = 0
        unsafe slot.pointee.rangeCount = 0
        unsafe slot.pointee.rangesDone = 0
        unsafe slot.pointee.offset = request.offset
        for (address, length) in zip(request.addresses, request.lengths) {
            guard let count = Int(exactly: length), count > 0,
                let base = unsafe memory.pointer(GuestAddress(address), count: count),
                unsafe slot.pointee.vector.append(UnsafeMutableRawBufferPointer(start: base, count: count))
            else { return false }
        }
        let bytes = unsafe slot.pointee.vector.bytes
        let fits = bytes & 511 == 0 && image.contains(request.offset, count: UInt64(bytes))
        switch request.type {
        case 0, 1:
            guard fits, request.type == 0 || !image.isReadOnly else { return false }
            unsafe slot.pointee.kind = request.type == 0 ? .read : .write
            unsafe slot.pointee.count = bytes
        case 4: unsafe slot.pointee.kind = .flush
        case 11, 13:
            guard !image.isReadOnly, !request.ranges.isEmpty else { return false }
            unsafe slot.pointee.kind = request.type == 11 ? .discard : .writeZeroes
            for i in 0..<(request.ranges.count / 3) {
                guard let range = BlockRange(words: request.ranges[(3 * i)..<(3 * i + 3)]),
                    range.verdict(forDiscard: request.type == 11, of: image) == .ok
                else { return false }
                unsafe slot.pointee.ranges[i] = range
            }
            unsafe slot.pointee.rangeCount = request.ranges.count / 3
            // As if the first had just failed.
            unsafe slot.pointee.rangesDone = 1
        default: return false
        }
        return true
    }
}
