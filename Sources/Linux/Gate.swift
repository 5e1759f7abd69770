// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Synchronization

/// A word in memory that threads wait on until it changes: the kernel's futex, see `futex(2)`.
public final class Gate: Sendable {
    private let word: Atomic<UInt32>

    /// A gate at `value`.
    public init(_ value: UInt32 = 0) { word = Atomic(value) }

    /// The word now; pairs with the release in `open`.
    public var value: UInt32 { word.load(ordering: .acquiring) }

    /// Stores a new value and wakes all who wait.
    public func open(_ value: UInt32) {
        word.store(value, ordering: .releasing)
        wake()
    }

    /// Stores a new value unless the word is `barrier`, in one step, and wakes all who wait; false when it is.
    public func open(_ value: UInt32, unless barrier: UInt32) -> Bool {
        var seen = word.load(ordering: .relaxed)
        while seen != barrier {
            let (exchanged, original) = word.compareExchange(
                expected: seen, desired: value, successOrdering: .releasing, failureOrdering: .relaxed)
            if exchanged {
                wake()
                return true
            }
            seen = original
        }
        return false
    }

    /// Adds one and wakes all who wait.
    public func advance() {
        word.wrappingAdd(1, ordering: .releasing)
        wake()
    }

    /// Returns once the word is no longer `value`.
    public func wait(while value: UInt32) {
        while word.load(ordering: .acquiring) == value { _ = unsafe clinux_futex_wait(address, value) }
    }

    /// Returns when the word is no longer `value`, on a wake-up or on a signal, whichever comes first.
    public func waitOnce(while value: UInt32) {
        if word.load(ordering: .acquiring) == value { _ = unsafe clinux_futex_wait(address, value) }
    }

    private func wake() { _ = unsafe clinux_futex_wake(address, Int32.max) }

    // SAFETY: a `let` Atomic in a class has a stable address for the object's life.
    private var address: UnsafePointer<UInt32> {
        unsafe withUnsafePointer(to: word) { p in
            unsafe UnsafeRawPointer(p).assumingMemoryBound(to: UInt32.self)
        }
    }
}
