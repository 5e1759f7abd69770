// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A number that one thread raises and any thread reads; never waits, and costs a load and a store.
struct Counter: ~Copyable, Sendable {
    private let raw = Atomic<UInt64>(0)

    /// Raises it; only ever called by the one thread that counts.
    @inline(__always)
    func add(_ amount: Int = 1) {
        let sum = raw.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount)
        raw.store(sum, ordering: .relaxed)
    }

    /// The number now.
    var value: UInt64 { raw.load(ordering: .relaxed) }
}
