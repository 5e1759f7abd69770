// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Has operations carried out by the threads of a pool.
@safe
public struct PoolFiles: ~Copyable, FileEngine {
    private let pool: IOPool
    private let engine: Int
    private let bounce: BounceBuffer
    private var inFlight = 0
    private var unannounced = 0
    // Operations that ended while somebody waited for others.
    private var finished: FinishedOperations

    /// Engine number `engine` of a pool.
    /// - Throws: `Errno` of `mmap`.
    public init(_ pool: IOPool, engine: Int) throws(Errno) {
        let bounce = try BounceBuffer()
        let finished = FinishedOperations(capacity: pool.depth)
        self.pool = pool
        self.engine = engine
        self.finished = finished
        self.bounce = bounce
    }

    /// Most operations in flight.
    public var depth: Int { pool.depth }
    /// An eventfd.
    public var completionEvent: Int32 { pool.with(engine) { $0.event.raw } }
    /// Number of files in the table.
    public var fileCount: Int { pool.with(engine) { $0.files.count } }
    /// Capacity and alignment of a file.
    public func properties(of file: Int) -> ImageProperties {
        pool.with(engine) { $0.files.with(file) { $0.properties } }
    }

    /// Gives the operation to the pool.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, file: Int, token: Int) -> BlockSubmission {
        let number = engine
        pool.with(number) { client in
            precondition(token >= 0 && token < client.depth, "The engine has no such token")
            // SAFETY: the token is not in flight, so no thread looks at its job.
            unsafe client.jobs[token].operation = operation
            unsafe client.jobs[token].file = file
        }
        pool.put(engine: number, token: token)
        inFlight &+= 1
        unannounced &+= 1
        return .queued
    }

    /// Carries one operation out on the calling thread.
    /// - Throws: `Errno` of the host's call.
    public mutating func perform(_ operation: BlockOperation, file: Int) throws(Errno) {
        let failure = pool.with(engine) { client in
            do throws(Errno) {
                try client.files.with(file) { file throws(Errno) in try file.perform(operation, bounce) }
                return Errno?.none
            } catch { return error }
        }
        if let failure { throw failure }
    }

    /// Wakes threads for everything submitted so far.
    @inline(__always)
    public mutating func commit() {
        guard unannounced > 0 else { return }
        pool.announce(unannounced)
        unannounced = 0
    }

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? {
        if let completion = finished.take() { return completion }
        // Also with nothing in flight: the bell of what was taken last is still to be silenced.
        guard let completion = pool.with(engine, { $0.next() }) else { return nil }
        inFlight &-= 1
        return completion
    }

    /// Waits until every operation in flight is complete.
    public mutating func drain() {
        commit()
        while inFlight > 0 {
            if let completion = pool.with(engine, { $0.next() }) {
                inFlight &-= 1
                finished.put(completion)
            } else {
                pool.with(engine) { $0.wait() }
            }
        }
    }

    /// Looks at a file's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh(file: Int) throws(Errno) {
        let failure = pool.with(engine) { client in
            do throws(Errno) {
                try client.files.with(file) { file throws(Errno) in try file.refresh() }
                return Errno?.none
            } catch { return error }
        }
        if let failure { throw failure }
    }
}
