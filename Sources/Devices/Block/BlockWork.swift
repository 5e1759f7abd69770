// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GuestMemory
internal import Linux
import Storage
import Synchronization
import Virtio

/// The worker's side of a disk: takes chains, has the engine carry them out, answers.
///
/// Kicks are off while requests are served, and one look at the interrupt serves a whole batch. Nothing here allocates
/// once it is made: each of the engine's `depth` requests in flight has its slot.
///
/// A request that stops the machine keeps its slot and is tried again by the first kick after the queue was quiet, which
/// is when the machine goes on. Until then nothing else is begun, see `BlockWork+Parking.swift`.
@safe
struct BlockWork<Engine: BlockEngine & ~Copyable>: ~Copyable, QueueWork {
    static var completionToken: UInt64 { 0 }

    let engine: UnsafeMutablePointer<Engine>
    let shared: BlockShared
    private let metrics: BlockMetrics
    let parking: ParkingState<ParkedRequest>
    private let port: any TransportPort
    let memory: GuestMemory
    private let features: UInt64
    private let kick: Int32
    // The engine's own copy, with the capacity that the driver was last told.
    var image: ImageProperties
    var queue: Virtqueue
    private var chain: DescriptorChain
    private var isBroken = false
    let depth: Int
    let slots: UnsafeMutablePointer<BlockSlot>
    // A stack of slots that are not in flight.
    let free: UnsafeMutablePointer<Int>
    var freeCount: Int
    // Slots of parked requests, oldest first.
    let parked: UnsafeMutablePointer<Int>
    var parkedCount = 0
    // Parked requests of a restored state that have no slot yet, the next one last.
    var backlog: [ParkedRequest]
    var mayRetry = false
    private var unpublished = 0

    /// Takes up a queue, and the parked requests that a restored state brought.
    /// - Throws: `QueueError` when the queue cannot be used.
    init(
        _ setup: QueueSetup, of device: DeviceSetup, engine: UnsafeMutablePointer<Engine>, shared: BlockShared,
        metrics: BlockMetrics, parking: ParkingState<ParkedRequest>
    ) throws(QueueError) {
        let queue = try Virtqueue(setup, memory: device.memory, features: device.features)
        let segments = Int(queue.size)
        self.queue = queue
        chain = DescriptorChain(capacity: segments, memory: device.memory)
        unsafe self.engine = engine
        self.shared = shared
        self.metrics = metrics
        self.parking = parking
        port = device.port
        memory = device.memory
        features = device.features
        kick = setup.kick
        image = unsafe engine.pointee.properties
        // SAFETY: the device keeps the engine at this address until its worker has ended.
        let depth = unsafe max(engine.pointee.depth, 1)
        self.depth = depth
        unsafe slots = .allocate(capacity: depth)
        unsafe free = .allocate(capacity: depth)
        unsafe parked = .allocate(capacity: depth)
        for i in 0..<depth {
            unsafe (slots + i).initialize(to: BlockSlot(segments: segments))
            unsafe free[i] = i
        }
        freeCount = depth
        backlog = parking.requests.withLock { $0.reversed() }
        mayRetry = !backlog.isEmpty
        for request in backlog { parking.add(Errno(code: request.error, call: "pwritev")) }
    }

    deinit {
        unsafe slots.deinitialize(count: depth)
        unsafe slots.deallocate()
        unsafe free.deallocate()
        unsafe parked.deallocate()
    }

    // MARK: QueueWork

    mutating func kicked(queue index: Int) {
        if mayRetry { retry() }
        serve()
    }

    mutating func ready(token: UInt64, readiness: Readiness) {
        reap()
        if !backlog.isEmpty { adopt() }
        serve()
    }

    mutating func quiesce() {
        // A request of several ranges submits the next one when the last has ended.
        while freeCount &+ parkedCount < depth {
            unsafe engine.pointee.drain()
            reap()
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
        image.capacity = shared.capacity.load(ordering: .relaxed)
        queue.disableKicks()
        do throws(QueueError) {
            repeat {
                while freeCount > 0, parkedCount == 0, budget > 0, try queue.next(into: &chain) {
                    budget &-= 1
                    begin()
                    if unpublished >= BlockLimits.completionsPerFlush { flush() }
                }
                unsafe engine.pointee.commit()
                reap()
                flush()
                // What is parked brings us back when the machine goes on.
                if parkedCount > 0 { return }
                if budget == 0 { return EventFD.signal(kick) }
                // With every slot in flight, a completion brings us back; kicks may stay off.
                if freeCount == 0 { return }
            } while queue.enableKicks()
        } catch {
            isBroken = true
            metrics.malformed.add()
            quiesce()
            port.needsReset()
        }
    }

    @inline(__always)
    private mutating func flush() {
        guard unpublished > 0 else { return }
        unpublished = 0
        queue.flush()
    }

    /// Starts the request in `chain`.
    @inline(__always)
    private mutating func begin() {
        let writable = chain.writableBytes
        let segments = unsafe chain.writable
        // SAFETY: with writable bytes there is a last segment.
        guard writable > 0, let base = unsafe segments[segments.count &- 1].iov_base else {
            metrics.malformed.add()
            return give(chain.token, written: 0)
        }
        freeCount &-= 1
        // SAFETY: `free` holds `freeCount + 1` numbers below `depth`; the last writable byte exists and is RAM.
        let index = unsafe free[freeCount]
        let slot = unsafe slots + index
        unsafe slot.pointee.token = chain.token
        unsafe slot.pointee.status = (base + (segments[segments.count &- 1].iov_len &- 1)).assumingMemoryBound(
            to: UInt8.self)
        let request = BlockRequest.parse(
            chain.load(BlockHeader.self, at: 0), readable: chain.readableBytes, writable: writable,
            features: features, image: image)
        switch request {
        case .read(let offset, let count):
            unsafe slot.pointee.kind = .read
            unsafe slot.pointee.count = count
            unsafe slot.pointee.offset = offset
            guard unsafe gather(slot, chain.writable, from: 0, count) else { return finish(index, .failed) }
            submit(.read(unsafe span(slot), at: offset, count: UInt64(count)), index)
        case .write(let offset, let count):
            unsafe slot.pointee.kind = .write
            unsafe slot.pointee.count = count
            unsafe slot.pointee.offset = offset
            guard unsafe gather(slot, chain.readable, from: BlockHeader.bytes, count) else {
                return finish(index, .failed)
            }
            submit(.write(unsafe span(slot), at: offset, count: UInt64(count), durable: isDurable), index)
        case .flush:
            unsafe slot.pointee.kind = .flush
            unsafe slot.pointee.count = 0
            submit(.flush, index)
        case .identify(let count):
            unsafe slot.pointee.kind = .none
            unsafe slot.pointee.count = count
            _ = unsafe shared.serial.withUnsafeBytes { serial in
                unsafe chain.write(UnsafeRawBufferPointer(rebasing: serial.prefix(count)), at: 0)
            }
            finish(index, .ok)
        case .discard(let ranges): take(ranges, forDiscard: true, index)
        case .writeZeroes(let ranges): take(ranges, forDiscard: false, index)
        case .refused(let status):
            unsafe slot.pointee.kind = .none
            unsafe slot.pointee.count = max(writable &- 1, 0)
            metrics.refusals.add()
            finish(index, status)
        }
    }

    /// Copies and judges all ranges, then starts with the first.
    private mutating func take(_ count: Int, forDiscard: Bool, _ index: Int) {
        let slot = unsafe slots + index
        unsafe slot.pointee.kind = forDiscard ? .discard : .writeZeroes
        unsafe slot.pointee.count = 0
        unsafe slot.pointee.rangeCount = count
        unsafe slot.pointee.rangesDone = 0
        for i in 0..<count {
            let range = chain.load(BlockRange.self, at: BlockHeader.bytes &+ i &* BlockRange.bytes) ?? BlockRange()
            let verdict = range.verdict(forDiscard: forDiscard, of: image)
            guard verdict == .ok else {
                metrics.refusals.add()
                unsafe slot.pointee.kind = .none
                return finish(index, verdict)
            }
            unsafe slot.pointee.ranges[i] = range
        }
        advance(index)
    }

    /// Submits a slot's ranges one after the other until one is queued or all are done.
    mutating func advance(_ index: Int) {
        let slot = unsafe slots + index
        while unsafe slot.pointee.rangesDone < slot.pointee.rangeCount {
            let range = unsafe slot.pointee.ranges[slot.pointee.rangesDone]
            unsafe slot.pointee.rangesDone &+= 1
            let operation: BlockOperation =
                unsafe slot.pointee.kind == .discard
                ? .discard(at: range.offset, count: range.byteCount)
                : .writeZeroes(at: range.offset, count: range.byteCount, unmap: range.unmap, durable: isDurable)
            switch unsafe engine.pointee.submit(operation, token: index) {
            case .queued: return
            case .completed(let failure?):
                guard isPassedOver(failure) else { return finish(index, failure: failure) }
            case .completed(nil): continue
            }
        }
        finish(index, failure: nil)
    }

    @inline(__always)
    mutating func submit(_ operation: BlockOperation, _ index: Int) {
        // SAFETY: the engine belongs to this thread while the work lives.
        if case .completed(let failure) = unsafe engine.pointee.submit(operation, token: index) {
            finish(index, failure: failure)
        }
    }

    mutating func reap() {
        while let completion = unsafe engine.pointee.nextCompletion() {
            guard completion.token >= 0, completion.token < depth else { continue }
            let slot = unsafe slots + completion.token
            let hasMore = unsafe slot.pointee.rangesDone < slot.pointee.rangeCount
            if hasMore, isPassedOver(completion.failure) {
                advance(completion.token)
            } else {
                finish(completion.token, failure: completion.failure)
            }
        }
    }

    // MARK: Ending

    @inline(__always)
    mutating func finish(_ index: Int, failure: Errno?) {
        guard let failure else {
            count(index)
            return finish(index, .ok)
        }
        metrics.failures.add()
        switch shared.profile.policy.verdict(failure) {
        case .report: finish(index, failure.code == EOPNOTSUPP ? .unsupported : .failed)
        case .ignore: finish(index, .ok)
        case .stop: park(index, failure)
        }
    }

    /// Whether the next range is begun whatever became of the last.
    private func isPassedOver(_ failure: Errno?) -> Bool {
        guard let failure else { return true }
        return shared.profile.policy.verdict(failure) == .ignore
    }

    /// Writes the status, gives the chain back and frees the slot.
    ///
    /// The used length counts bytes from the start of the writable part (§2.7.8.2), so a request that failed before its
    /// data were written has none, unless the status is the first writable byte itself.
    @inline(__always)
    private mutating func finish(_ index: Int, _ status: BlockStatus) {
        let slot = unsafe slots + index
        let kind = unsafe slot.pointee.kind
        let data = kind == .write ? 0 : unsafe slot.pointee.count
        if status == .ok, kind == .read { unsafe slot.pointee.vector.markWritten(bytes: data, in: memory) }
        if let byte = unsafe slot.pointee.status {
            // SAFETY: `begin` took the address from a checked segment.
            unsafe byte.pointee = status.rawValue
            unsafe memory.markDirty(memory.address(of: byte), count: 1)
        }
        let written = status == .ok ? data &+ 1 : data == 0 ? 1 : 0
        give(unsafe slot.pointee.token, written: UInt32(truncatingIfNeeded: written))
        unsafe slot.pointee.rangeCount = 0
        unsafe slot.pointee.rangesDone = 0
        unsafe free[freeCount] = index
        freeCount &+= 1
    }

    @inline(__always)
    private mutating func give(_ token: ChainToken, written: UInt32) {
        queue.complete(token, written: written)
        unpublished &+= 1
    }

    @inline(__always)
    private func count(_ index: Int) {
        let bytes = unsafe slots[index].count
        switch unsafe slots[index].kind {
        case .none: break
        case .read:
            metrics.reads.add()
            metrics.bytesRead.add(bytes)
        case .write:
            metrics.writes.add()
            metrics.bytesWritten.add(bytes)
        case .flush: metrics.flushes.add()
        case .discard: metrics.discards.add()
        case .writeZeroes: metrics.zeroings.add()
        }
    }

    // MARK: Parts

    /// Without a flush to ask for, or with the cache switched off, a write must not complete before it is stored
    /// (§5.2.6.2).
    @inline(__always)
    var isDurable: Bool {
        if features & BlockFeature.flush == 0 { return true }
        return features & BlockFeature.writeCache != 0 && !shared.writeCache.load(ordering: .relaxed)
    }

    @inline(__always)
    private func gather(
        _ slot: UnsafeMutablePointer<BlockSlot>, _ part: UnsafeBufferPointer<iovec>, from offset: Int, _ count: Int
    ) -> Bool {
        unsafe slot.pointee.vector.removeAll()
        return unsafe slot.pointee.vector.append(part, from: offset, count: count)
    }

    @inline(__always)
    func span(_ slot: UnsafeMutablePointer<BlockSlot>) -> IOSpan {
        // SAFETY: the slot keeps its entries until the request has ended.
        unsafe IOSpan(base: slot.pointee.vector.pointer, count: slot.pointee.vector.count)
    }
}
