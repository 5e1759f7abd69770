// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux
import Synchronization

/// A bounded number of threads that carry out operations which wait, for all engines of one disk.
///
/// A thread without work sleeps on a futex whose word counts what was handed over, so that none is missed between its
/// last look and its sleep.
public final class IOPool: Sendable {
    private let clients: PoolClients
    private let ring: PoolRing
    private let handed = Atomic<UInt32>(0)
    private let sleepers = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private let threads = Mutex<[PoolThread]>([])

    /// Starts the threads.
    /// - Parameters:
    ///   - engines: how many engines there will be, one a queue.
    ///   - depth: operations in flight of each.
    ///   - threads: most operations that wait at a time.
    ///   - cpus: where they may run; the creator's set when nil.
    ///   - onStart: runs first on each, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor, memory or thread left.
    public init(
        _ files: [ImageFile], engines: Int, depth: Int, threads: Int, name: String, cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        clients = try PoolClients(files, engines: max(engines, 1), depth: min(max(depth, 1), 4096))
        ring = PoolRing(capacity: max(engines, 1) * min(max(depth, 1), 4096))
        for _ in 0..<max(threads, 1) {
            let thread = try PoolThread()
            self.threads.withLock { $0.append(thread) }
            try thread.start(name: name, cpus: cpus) { [unowned(unsafe) self, unowned(unsafe) thread] in
                onStart?()
                // SAFETY: `deinit` waits for the thread's end before it lets go of either.
                unsafe self.run(thread.bounce)
            }
        }
    }

    deinit { shutDown() }

    private func shutDown() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        handed.wrappingAdd(1, ordering: .sequentiallyConsistent)
        _ = unsafe clinux_futex_wake(word, Int32.max)
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    /// Most operations in flight of an engine.
    var depth: Int { clients.depth }

    /// Lends what an engine shares with the threads.
    @inline(__always)
    func with<Result: ~Copyable>(_ engine: Int, _ body: (borrowing PoolClient) -> Result) -> Result {
        clients.with(engine, body)
    }

    /// Hands an operation over; `announce` wakes somebody for it.
    @inline(__always)
    func put(engine: Int, token: Int) {
        let isIn = ring.put(engine * clients.depth + token)
        precondition(isIn, "The pool has room for all its engines' operations")
    }

    /// Wakes threads for `count` operations that were handed over.
    @inline(__always)
    func announce(_ count: Int) {
        handed.wrappingAdd(1, ordering: .sequentiallyConsistent)
        let asleep = sleepers.load(ordering: .sequentiallyConsistent)
        if asleep > 0 { _ = unsafe clinux_futex_wake(word, Int32(clamping: min(asleep, count))) }
    }

    private func run(_ bounce: borrowing BounceBuffer) {
        while true {
            let before = handed.load(ordering: .sequentiallyConsistent)
            while let word = ring.take() {
                clients.with(word / clients.depth) { client in client.work(word % clients.depth, bounce) }
            }
            if isOver.load(ordering: .sequentiallyConsistent) { return }
            // The kernel compares the word again: what was handed over after the last look keeps the thread awake.
            sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
            _ = unsafe clinux_futex_wait(word, before)
            sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        }
    }

    // SAFETY: a `let` Atomic in a class has a stable address for the object's life.
    private var word: UnsafePointer<UInt32> {
        unsafe withUnsafePointer(to: handed) { p in
            unsafe UnsafeRawPointer(p).assumingMemoryBound(to: UInt32.self)
        }
    }
}
