// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Holds requests back that would exceed a disk's limits, in their order; flushes pass.
///
/// Without limits it adds a branch a request. With limits it waits by a timer beside the engine's own event.
@safe
public struct LimitedEngine<Engine: BlockEngine & ~Copyable>: ~Copyable, BlockEngine, @unchecked Sendable {
    private var engine: Engine
    private let limits: DiskLimits?
    private let timer: Timer?
    private let events: Epoll?
    private let held: UnsafeMutablePointer<(operation: BlockOperation, token: Int)>
    private var first = 0
    private var count = 0
    private var isArmed = false
    private var released = FinishedOperations(capacity: 1)
    /// Most operations in flight, held ones included.
    public let depth: Int

    /// An engine under these limits; nil limits nothing.
    /// - Throws: `Errno` of `timerfd_create` or `epoll_create1`.
    public init(_ engine: consuming Engine, limits: DiskLimits?) throws(Errno) {
        var timer: Timer?
        var events: Epoll?
        var event = engine.completionEvent
        if limits != nil {
            let clock = try Timer()
            let set = try Epoll(capacity: 1)
            if engine.completionEvent >= 0 { try set.add(engine.completionEvent, .readable, token: 0) }
            try set.add(clock.descriptor.raw, .readable, token: 1)
            event = set.descriptor.raw
            timer = consume clock
            events = consume set
        }
        // An engine of depth 1 that never waits would otherwise hold up a whole queue for one held request.
        depth = limits == nil ? engine.depth : max(engine.depth, 1)
        unsafe held = .allocate(capacity: depth)
        unsafe held.initialize(repeating: (operation: .flush, token: 0), count: depth)
        released = FinishedOperations(capacity: depth)
        completionEvent = event
        self.limits = limits
        self.timer = timer
        self.events = events
        self.engine = engine
    }

    deinit { unsafe held.deallocate() }

    /// Capacity and alignment of the image.
    public var properties: ImageProperties { engine.properties }
    /// That of the engine, or of the engine and the timer together.
    public let completionEvent: Int32

    /// Starts the operation now, or when the limits allow it.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        guard let limits else { return engine.submit(operation, token: token) }
        return submit(operation, token, under: limits)
    }

    private mutating func submit(_ operation: BlockOperation, _ token: Int, under limits: DiskLimits) -> BlockSubmission
    {
        if case .flush = operation { return engine.submit(operation, token: token) }
        let now = Clock.monotonic
        if count == 0 {
            let delay = limits.delay(now: now)
            guard delay > 0 else {
                limits.charge(operation, now: now)
                return engine.submit(operation, token: token)
            }
            arm(delay)
        }
        let place = (first + count) % depth
        // SAFETY: no more than `depth` operations are in flight, so there is a place.
        unsafe held[place] = (operation: operation, token: token)
        count += 1
        return .queued
    }

    /// Hands everything submitted so far to the kernel.
    @inline(__always)
    public mutating func commit() { engine.commit() }

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? {
        if let completion = engine.nextCompletion() { return completion }
        return count > 0 || isArmed || released.count > 0 ? release() : nil
    }

    /// Starts what the limits allow by now.
    private mutating func release() -> BlockCompletion? {
        guard let limits else { return nil }
        if let completion = released.take() { return completion }
        var delay: UInt64 = 0
        while count > 0 {
            let now = Clock.monotonic
            delay = limits.delay(now: now)
            if delay > 0 { break }
            start(limits, now: now)
        }
        engine.commit()
        if count > 0 { arm(delay) } else if isArmed { disarm() }
        return released.take() ?? engine.nextCompletion()
    }

    private mutating func start(_ limits: DiskLimits, now: UInt64) {
        let next = unsafe held[first]
        first = (first + 1) % depth
        count -= 1
        limits.charge(next.operation, now: now)
        if case .completed(let failure) = engine.submit(next.operation, token: next.token) {
            released.put(BlockCompletion(token: next.token, failure: failure))
        }
    }

    private mutating func arm(_ delay: UInt64) {
        isArmed = true
        // The kernel refuses only descriptors and times that are none.
        try? timer?.set(nanoseconds: max(delay, 1))
    }

    private mutating func disarm() {
        isArmed = false
        try? timer?.set(nanoseconds: 0)
    }

    /// Waits until every operation in flight is complete; held ones do not wait for their turn.
    public mutating func drain() {
        if let limits {
            while count > 0 { start(limits, now: Clock.monotonic) }
            if isArmed { disarm() }
        }
        engine.commit()
        engine.drain()
    }

    /// Looks at the image's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh() throws(Errno) { try engine.refresh() }
}
