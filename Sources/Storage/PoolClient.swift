// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

/// What one engine and the threads of its pool share: the operations in flight, and the tokens of those that are done.
@safe
struct PoolClient: ~Copyable, @unchecked Sendable {
    /// An operation; written by the engine before its token is put into the pool's ring, its outcome by the thread that
    /// carried it out before the token is put into `done`.
    struct Job {
        var operation = BlockOperation.flush
        var file = 0
        var failure: Errno?
    }

    let depth: Int
    let jobs: UnsafeMutablePointer<Job>
    let files: FileTable
    private let done: PoolRing
    /// Readable while completions wait.
    let event: EventFD
    private let bell: UnsafeMutablePointer<Atomic<Int>>

    // The event rings once for all that is done until the engine has looked. Only a bell that has rung is silenced: one
    // that is about to ring would ring on with nobody to silence it.
    private static var silent: Int { 0 }
    private static var ringing: Int { 1 }
    private static var rung: Int { 2 }

    init(_ files: [ImageFile], depth: Int) throws(Errno) {
        let event = try EventFD()
        self.depth = depth
        unsafe jobs = .allocate(capacity: depth)
        unsafe jobs.initialize(repeating: Job(), count: depth)
        unsafe bell = .allocate(capacity: 1)
        unsafe bell.initialize(to: Atomic(PoolClient.silent))
        self.files = FileTable(files)
        done = PoolRing(capacity: depth)
        self.event = event
    }

    deinit {
        unsafe jobs.deallocate()
        unsafe bell.deinitialize(count: 1)
        unsafe bell.deallocate()
    }

    /// Carries an operation out, on a thread of the pool.
    borrowing func work(_ token: Int, _ bounce: borrowing BounceBuffer) {
        // SAFETY: a token in the pool's ring is one of an engine's, and the engine leaves its job alone until it is done.
        let job = unsafe jobs + token
        let operation = unsafe job.pointee.operation
        let file = unsafe job.pointee.file
        do throws(Errno) {
            try files.with(file) { file throws(Errno) in try file.perform(operation, bounce) }
            unsafe job.pointee.failure = nil
        } catch { unsafe job.pointee.failure = error }
        // There is room: no more than `depth` tokens are about.
        _ = done.put(token)
        // Either the engine sees the token after it silenced the bell, or this thread sees the bell silent.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        let (isMine, _) = unsafe bell.pointee.compareExchange(
            expected: PoolClient.silent, desired: PoolClient.ringing, ordering: .sequentiallyConsistent)
        guard isMine else { return }
        event.signal()
        unsafe bell.pointee.store(PoolClient.rung, ordering: .releasing)
    }

    /// Takes an operation that is done, on the engine's thread.
    borrowing func next() -> BlockCompletion? {
        if let token = done.take() { return completion(token) }
        guard unsafe bell.pointee.load(ordering: .acquiring) == PoolClient.rung else { return nil }
        event.drain()
        unsafe bell.pointee.store(PoolClient.silent, ordering: .sequentiallyConsistent)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return done.take().map { completion($0) }
    }

    /// Returns when an operation is done, on the engine's thread.
    borrowing func wait() { _ = clinux_wait_readable(event.raw) }

    private borrowing func completion(_ token: Int) -> BlockCompletion {
        unsafe BlockCompletion(token: token, failure: jobs[token].failure)
    }
}
