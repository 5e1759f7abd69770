// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GuestMemory
internal import Linux
internal import Storage
import Synchronization
internal import Virtio

/// The worker's side of a request queue: takes chains, judges commands, has engines carry them out, answers.
///
/// Kicks are off while requests are served, and one look at the interrupt serves a whole batch. Reads and writes allocate
/// nothing: each of an engine's `depth` requests in flight has its slot. A unit whose slots are all in flight holds up
/// the queue until one of its requests ends. Requests that stop the machine: see `SCSIWork+Parking.swift`.
@safe
struct SCSIWork: ~Copyable, QueueWork {
    let lanes: SCSILanes
    let shared: SCSIShared
    let parking: ParkingState<SCSIParkedRequest>
    let cancelled: CancelledTasks
    private let port: any TransportPort
    let memory: GuestMemory
    private let kick: Int32
    var queue: Virtqueue
    var chain: DescriptorChain
    private var isBroken = false
    // Units with requests that were submitted and not committed.
    private let touched: UnsafeMutablePointer<Int>
    private var touchedCount = 0
    // The unit that has no slot for the next request; -1 for none.
    private var fullUnit = -1
    /// Parked requests of all units.
    var parkedCount = 0
    // Parked requests of a restored state that have no slot yet, the next one last.
    var backlog: [SCSIParkedRequest]
    var mayRetry = false
    var unpublished = 0
    /// Bytes of a response, sense data included, as the driver asked for them.
    private(set) var responseBytes = 0
    private var commandBytes = 0

    /// Takes up a queue, and the parked requests that a restored state brought.
    /// - Throws: `QueueError` when the queue cannot be used.
    init(
        _ setup: QueueSetup, of device: DeviceSetup, lanes: SCSILanes, shared: SCSIShared,
        parking: ParkingState<SCSIParkedRequest>, cancelled: CancelledTasks
    ) throws(QueueError) {
        let queue = try Virtqueue(setup, memory: device.memory, features: device.features)
        chain = DescriptorChain(capacity: Int(queue.size), memory: device.memory)
        self.queue = queue
        self.lanes = lanes
        self.shared = shared
        self.parking = parking
        self.cancelled = cancelled
        port = device.port
        memory = device.memory
        kick = setup.kick
        unsafe touched = .allocate(capacity: SCSILimits.units)
        backlog = parking.requests.withLock { $0.reversed() }
        mayRetry = !backlog.isEmpty
        for request in backlog { parking.add(Errno(code: request.error, call: "pwritev")) }
        lookAtSizes()
    }

    deinit { unsafe touched.deallocate() }

    private mutating func lookAtSizes() {
        responseBytes = 12 &+ Int(shared.senseBytes.load(ordering: .relaxed))
        commandBytes = Int(shared.commandBytes.load(ordering: .relaxed))
    }

    // MARK: QueueWork

    mutating func kicked(queue index: Int) {
        if mayRetry { retry() }
        serve()
    }

    mutating func ready(token: UInt64, readiness: Readiness) {
        if let lane = unsafe lanes[Int(truncatingIfNeeded: token)] { unsafe reap(lane) }
        if !backlog.isEmpty { adopt() }
        serve()
    }

    mutating func quiesce() {
        for unit in 0..<SCSILimits.units {
            guard let lane = unsafe lanes[unit] else { continue }
            while unsafe lane.pointee.inFlight > 0 {
                unsafe lane.pointee.engine?.drain()
                unsafe reap(lane)
            }
        }
        flush()
        save()
    }

    borrowing func positions() -> [QueuePosition] { [queue.position] }

    // MARK: Serving

    private mutating func serve() {
        guard !isBroken else { return }
        guard parkedCount == 0, backlog.isEmpty else { return flush() }
        // After this many requests the worker looks at its commands: the kick below brings it back here.
        var budget = 4 &* Int(queue.size)
        fullUnit = -1
        lookAtSizes()
        queue.disableKicks()
        do throws(QueueError) {
            repeat {
                while fullUnit < 0, parkedCount == 0, budget > 0, try queue.next(into: &chain) {
                    budget &-= 1
                    begin()
                    if unpublished >= SCSILimits.completionsPerFlush { flush() }
                }
                commit()
                flush()
                // What is parked brings us back when the machine goes on, and a completion when a unit is full.
                if parkedCount > 0 || fullUnit >= 0 { return }
                if budget == 0 { return EventFD.signal(kick) }
            } while queue.enableKicks()
        } catch {
            isBroken = true
            countMalformed()
            quiesce()
            port.needsReset()
        }
    }

    private func countMalformed() { shared.malformed.wrappingAdd(1, ordering: .relaxed) }

    @inline(__always)
    private mutating func flush() {
        guard unpublished > 0 else { return }
        unpublished = 0
        queue.flush()
    }

    /// Hands what was submitted to the kernel and takes what has ended.
    mutating func commit() {
        let count = touchedCount
        touchedCount = 0
        for i in 0..<count {
            guard let lane = unsafe lanes[touched[i]] else { continue }
            unsafe lane.pointee.isTouched = false
            unsafe lane.pointee.engine?.commit()
            unsafe reap(lane)
        }
        if fullUnit >= 0, unsafe lanes[fullUnit].map({ unsafe $0.pointee.freeCount > 0 }) ?? true { fullUnit = -1 }
    }

    /// Starts the request in `chain`; it goes back when its unit has no slot left.
    @inline(__always)
    private mutating func begin() {
        guard chain.writableBytes >= responseBytes,
            let header = SCSIRequestHeader(chain, commandBytes: commandBytes)
        else {
            countMalformed()
            return give(chain.token, written: 0)
        }
        let outgoing = chain.readableBytes &- SCSIRequestHeader.bytes &- commandBytes
        let incoming = chain.writableBytes &- responseBytes
        guard outgoing == 0 || incoming == 0 else { return reject(.failure) }
        guard header.address.isTarget else { return reject(.badTarget) }
        guard let unit = header.address.unit else { return reject(.noUnit) }
        guard let lane = unsafe lanes[unit] else { return answerForNobody(header.command, incoming) }
        let operation = header.command.operation
        if let carrier = unsafe lane.pointee.carrier, SCSIWork.isPassedOn(operation) {
            return unsafe pass(header, to: carrier, lane, incoming, outgoing)
        }
        // INQUIRY, REPORT LUNS, REQUEST SENSE and GET EVENT STATUS NOTIFICATION are for those who ask what is new.
        if unsafe lane.pointee.unit.hasAttention, ![0x12, 0xA0, 0x03, 0x4A].contains(operation),
            let sense = unsafe lane.pointee.unit.takeAttention()
        {
            return fail(sense)
        }
        let view = unsafe lane.pointee.currentView()
        switch SCSICommand(header.command, on: view) {
        case .read(let offset, let count):
            guard let bytes = Int(exactly: count), bytes <= incoming else { return reject(.overrun) }
            if bytes == 0 { return succeed(residual: incoming) }
            guard let index = unsafe slot(lane, header) else { return }
            let slot = unsafe lane.pointee.slots + index
            guard unsafe slot.pointee.vector.append(chain.writable, from: responseBytes, count: bytes) else {
                return unsafe abandon(lane, index)
            }
            unsafe slot.pointee.kind = .read
            unsafe slot.pointee.offset = offset
            unsafe slot.pointee.count = bytes
            unsafe slot.pointee.residual = incoming &- bytes
            unsafe submit(lane, index)
        case .write(let offset, let count, let isDurable):
            guard let bytes = Int(exactly: count), bytes <= outgoing else { return reject(.overrun) }
            if bytes == 0 { return succeed(residual: outgoing) }
            guard let index = unsafe slot(lane, header) else { return }
            let slot = unsafe lane.pointee.slots + index
            let from = SCSIRequestHeader.bytes &+ commandBytes
            guard unsafe slot.pointee.vector.append(chain.readable, from: from, count: bytes) else {
                return unsafe abandon(lane, index)
            }
            unsafe slot.pointee.kind = .write
            unsafe slot.pointee.isDurable = isDurable
            unsafe slot.pointee.offset = offset
            unsafe slot.pointee.count = bytes
            unsafe slot.pointee.residual = outgoing &- bytes
            unsafe submit(lane, index)
        case .flush:
            guard let index = unsafe slot(lane, header) else { return }
            unsafe lane.pointee.slots[index].kind = .flush
            unsafe submit(lane, index)
        case let command: unsafe beginRare(command, header, lane, view, incoming, outgoing)
        }
    }

    /// Takes a slot for the request in `chain`; nil when there is none, and the chain went back.
    @inline(__always)
    mutating func slot(_ lane: UnsafeMutablePointer<SCSILane>, _ header: SCSIRequestHeader) -> Int? {
        guard unsafe lane.pointee.freeCount > 0 else {
            fullUnit = unsafe lane.pointee.unit.number
            queue.putBack(chain.token)
            return nil
        }
        let index = unsafe lane.pointee.take()
        let slot = unsafe lane.pointee.slots + index
        unsafe slot.pointee.token = chain.token
        unsafe slot.pointee.id = header.id
        unsafe slot.pointee.kind = .none
        unsafe slot.pointee.isDurable = false
        unsafe slot.pointee.mayUnmap = false
        unsafe slot.pointee.count = 0
        unsafe slot.pointee.offset = 0
        unsafe slot.pointee.residual = 0
        unsafe slot.pointee.rangeCount = 0
        unsafe slot.pointee.rangesDone = 0
        unsafe slot.pointee.vector.removeAll()
        // There are that many writable bytes, and room for every segment of the chain.
        _ = unsafe slot.pointee.vector.append(chain.writable, from: 0, count: responseBytes)
        unsafe slot.pointee.responseCount = slot.pointee.vector.count
        return index
    }

    /// Gives up on a request that has a slot and nothing in flight.
    private mutating func abandon(_ lane: UnsafeMutablePointer<SCSILane>, _ index: Int) {
        unsafe lane.pointee.give(index)
        reject(.failure)
    }

    @inline(__always)
    private mutating func touch(_ lane: UnsafeMutablePointer<SCSILane>) {
        guard unsafe !lane.pointee.isTouched else { return }
        unsafe lane.pointee.isTouched = true
        // SAFETY: each unit is here once.
        unsafe touched[touchedCount] = lane.pointee.unit.number
        touchedCount &+= 1
    }

    /// Submits a slot's operation, or the next of its ranges until one is queued or all are done.
    @inline(__always)
    mutating func submit(_ lane: UnsafeMutablePointer<SCSILane>, _ index: Int) {
        let slot = unsafe lane.pointee.slots + index
        let count = unsafe UInt64(truncatingIfNeeded: slot.pointee.count)
        switch unsafe slot.pointee.kind {
        case .read: unsafe carryOut(.read(data(slot), at: slot.pointee.offset, count: count), lane, index)
        case .write:
            let isDurable = unsafe slot.pointee.isDurable || !lane.pointee.unit.writeCache.load(ordering: .relaxed)
            unsafe carryOut(.write(data(slot), at: slot.pointee.offset, count: count, durable: isDurable), lane, index)
        case .flush: unsafe carryOut(.flush, lane, index)
        case .unmap, .zero, .fill: unsafe advance(lane, index)
        case .none: unsafe finish(lane, index, failure: Errno(code: EIO, call: "scsi"))
        }
    }

    @inline(__always)
    private mutating func carryOut(_ operation: BlockOperation, _ lane: UnsafeMutablePointer<SCSILane>, _ index: Int) {
        unsafe touch(lane)
        // An engine is there: slots are.
        guard let engine = unsafe lane.pointee.engine else { return }
        if case .completed(let failure) = engine.submit(operation, token: index) {
            unsafe finish(lane, index, failure: failure)
        }
    }

    private mutating func advance(_ lane: UnsafeMutablePointer<SCSILane>, _ index: Int) {
        let slot = unsafe lane.pointee.slots + index
        unsafe touch(lane)
        guard let engine = unsafe lane.pointee.engine else { return }
        let isDurable = unsafe !lane.pointee.unit.writeCache.load(ordering: .relaxed)
        while unsafe slot.pointee.rangesDone < slot.pointee.rangeCount {
            let at = unsafe slot.pointee.rangesDone
            let range = unsafe slot.pointee.ranges[at]
            let operation: BlockOperation
            switch unsafe slot.pointee.kind {
            case .unmap:
                operation = .discard(at: range.offset, count: range.count)
                unsafe slot.pointee.rangesDone &+= 1
            case .fill:
                // One range, done piece by piece: what is done is cut off its front once it has ended.
                let piece = unsafe min(range.count, UInt64(slot.pointee.fill?.count ?? 0))
                unsafe slot.pointee.fillEntry.pointee = iovec(
                    iov_base: slot.pointee.fill?.baseAddress, iov_len: Int(piece))
                unsafe slot.pointee.ranges[at].offset &+= piece
                unsafe slot.pointee.ranges[at].count &-= piece
                if piece == range.count { unsafe slot.pointee.rangesDone &+= 1 }
                operation = unsafe .write(
                    IOSpan(base: slot.pointee.fillEntry, count: 1), at: range.offset, count: piece, durable: isDurable)
            default:
                operation = .writeZeroes(
                    at: range.offset, count: range.count, unmap: unsafe slot.pointee.mayUnmap, durable: isDurable)
                unsafe slot.pointee.rangesDone &+= 1
            }
            switch engine.submit(operation, token: index) {
            case .queued: return
            case .completed(let failure?):
                guard unsafe isPassedOver(failure, lane) else { return unsafe finish(lane, index, failure: failure) }
            case .completed(nil): continue
            }
        }
        unsafe finish(lane, index, failure: nil)
    }

    /// Whether the next range is begun whatever became of the last.
    private func isPassedOver(_ failure: Errno?, _ lane: UnsafeMutablePointer<SCSILane>) -> Bool {
        guard let failure else { return true }
        return unsafe lane.pointee.unit.profile.policy.verdict(failure) == .ignore
    }

    mutating func reap(_ lane: UnsafeMutablePointer<SCSILane>) {
        guard let engine = unsafe lane.pointee.engine else { return }
        while let completion = engine.nextCompletion() {
            guard completion.token >= 0, unsafe completion.token < lane.pointee.depth else { continue }
            let slot = unsafe lane.pointee.slots + completion.token
            let hasMore = unsafe slot.pointee.rangesDone < slot.pointee.rangeCount
            if hasMore, unsafe isPassedOver(completion.failure, lane) {
                unsafe advance(lane, completion.token)
            } else {
                unsafe finish(lane, completion.token, failure: completion.failure)
            }
        }
    }

    /// The data's segments.
    @inline(__always)
    private func data(_ slot: UnsafeMutablePointer<SCSISlot>) -> IOSpan {
        // SAFETY: the slot keeps its entries until the request has ended; the data's are behind the response's.
        unsafe IOSpan(
            base: slot.pointee.vector.pointer + slot.pointee.responseCount,
            count: slot.pointee.vector.count &- slot.pointee.responseCount)
    }
}
