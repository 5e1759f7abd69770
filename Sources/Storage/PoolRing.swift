// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A bounded queue of words that any thread may put into and take from without a lock.
///
/// Each cell has a sequence number that says whose turn it is (D. Vyukov's bounded queue): `position` for the one who puts,
/// `position + 1` for the one who takes. The store of a sequence number is a release, its load an acquire: a word that
/// is taken is seen with all that was written before it was put.
@safe
struct PoolRing: ~Copyable, @unchecked Sendable {
    private struct Cell: ~Copyable {
        let sequence: Atomic<Int>
        var word: Int
    }

    private let cells: UnsafeMutablePointer<Cell>
    private let mask: Int
    // A cache line each: those who put do not slow down those who take.
    private let putPosition: UnsafeMutablePointer<Atomic<Int>>
    private let takePosition: UnsafeMutablePointer<Atomic<Int>>

    /// A queue for at least `capacity` words.
    init(capacity: Int) {
        var count = 2
        while count < capacity { count *= 2 }
        mask = count - 1
        unsafe cells = .allocate(capacity: count)
        for index in 0..<count { unsafe (cells + index).initialize(to: Cell(sequence: Atomic(index), word: 0)) }
        unsafe putPosition = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64).initializeMemory(
            as: Atomic<Int>.self, to: Atomic(0))
        unsafe takePosition = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64).initializeMemory(
            as: Atomic<Int>.self, to: Atomic(0))
    }

    deinit {
        unsafe cells.deinitialize(count: mask + 1)
        unsafe cells.deallocate()
        unsafe UnsafeMutableRawPointer(putPosition).deallocate()
        unsafe UnsafeMutableRawPointer(takePosition).deallocate()
    }

    /// Adds a word; false when the queue is full.
    borrowing func put(_ word: Int) -> Bool {
        var position = unsafe putPosition.pointee.load(ordering: .relaxed)
        while true {
            // SAFETY: the mask keeps the index within the cells.
            let cell = unsafe cells + (position & mask)
            let turn = unsafe cell.pointee.sequence.load(ordering: .acquiring) &- position
            if turn < 0 { return false }
            if turn > 0 {
                position = unsafe putPosition.pointee.load(ordering: .relaxed)
                continue
            }
            let (isMine, seen) = unsafe putPosition.pointee.weakCompareExchange(
                expected: position, desired: position &+ 1, ordering: .relaxed)
            if isMine {
                unsafe cell.pointee.word = word
                unsafe cell.pointee.sequence.store(position &+ 1, ordering: .releasing)
                return true
            }
            position = seen
        }
    }

    /// Takes the oldest word; nil when there is none.
    borrowing func take() -> Int? {
        var position = unsafe takePosition.pointee.load(ordering: .relaxed)
        while true {
            // SAFETY: as in `put`.
            let cell = unsafe cells + (position & mask)
            let turn = unsafe cell.pointee.sequence.load(ordering: .acquiring) &- (position &+ 1)
            if turn < 0 { return nil }
            if turn > 0 {
                position = unsafe takePosition.pointee.load(ordering: .relaxed)
                continue
            }
            let (isMine, seen) = unsafe takePosition.pointee.weakCompareExchange(
                expected: position, desired: position &+ 1, ordering: .relaxed)
            if isMine {
                let word = unsafe cell.pointee.word
                unsafe cell.pointee.sequence.store(position &+ mask &+ 1, ordering: .releasing)
                return word
            }
            position = seen
        }
    }
}
