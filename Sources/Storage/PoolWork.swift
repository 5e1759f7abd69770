// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

/// The operations that the threads of a pool carry out.
///
/// A thread without work sleeps on a futex whose word counts what was handed over, so that none is missed between its
/// last look and its sleep.
final class PoolWork: Sendable {
    private let clients: PoolClients
    private let ring: PoolRing
    private let handed = Atomic<UInt32>(0)
    private let sleepers = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    init(_ files: [ImageFile], engines: Int, depth: Int) throws(Errno) {
        clients = try PoolClients(files, engines: engines, depth: depth)
        ring = PoolRing(capacity: engines * depth)
    }

    /// Has every thread end once nothing is left to do.
    func end() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        handed.wrappingAdd(1, ordering: .sequentiallyConsistent)
        _ = unsafe clinux_futex_wake(word, Int32.max)
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

    /// Carries operations out until the end, on a thread of the pool.
    func run(_ bounce: borrowing BounceBuffer) {
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
