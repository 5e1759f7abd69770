// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Synchronization

/// When each operation of one engine began, for those who free clusters, and how to wake the engine's thread.
///
/// An operation stores the image's epoch before it looks at a table (sequentially consistent, so that it is seen by
/// whoever advances the epoch afterwards) and `idle` once it is over.
@safe
final class EngineEpochs: @unchecked Sendable {
    static let idle = UInt64.max

    /// One number a token.
    let starts: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int
    /// An eventfd to signal, -1 for an engine that never waits for another.
    let wake: Int32
    /// Whether the engine has operations that wait for another engine's; guarded by the image's lock.
    var isWaiting = false

    init(count: Int, wake: Int32) {
        self.count = count
        self.wake = wake
        unsafe starts = .allocate(capacity: count)
        for index in 0..<count { unsafe (starts + index).initialize(to: Atomic(Self.idle)) }
    }

    deinit {
        unsafe starts.deinitialize(count: count)
        unsafe starts.deallocate()
    }

    /// The epoch in which the oldest operation began.
    var oldest: UInt64 {
        // SAFETY: `count` atomics live as long as this object.
        (0..<count).reduce(Self.idle) { unsafe min($0, starts[$1].load(ordering: .sequentiallyConsistent)) }
    }
}
