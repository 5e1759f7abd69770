// SPDX-License-Identifier: Apache-2.0

public import Linux
import Synchronization

/// A bounded number of threads that carry out operations which wait, for all engines of one disk; they end with it.
public final class IOPool: Sendable {
    // The threads hold the work and never the pool: a call of one of its methods would keep it from ending them.
    private let work: PoolWork
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
        let work = try PoolWork(files, engines: max(engines, 1), depth: min(max(depth, 1), 4096))
        self.work = work
        for _ in 0..<max(threads, 1) {
            let thread = try PoolThread()
            self.threads.withLock { $0.append(thread) }
            try thread.start(name: name, cpus: cpus) {
                onStart?()
                work.run(thread.bounce)
            }
        }
    }

    deinit {
        work.end()
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    /// Most operations in flight of an engine.
    var depth: Int { work.depth }

    /// Lends what an engine shares with the threads.
    @inline(__always)
    func with<Result: ~Copyable>(_ engine: Int, _ body: (borrowing PoolClient) -> Result) -> Result {
        work.with(engine, body)
    }

    /// Hands an operation over; `announce` wakes somebody for it.
    @inline(__always)
    func put(engine: Int, token: Int) { work.put(engine: engine, token: token) }

    /// Wakes threads for `count` operations that were handed over.
    @inline(__always)
    func announce(_ count: Int) { work.announce(count) }
}
