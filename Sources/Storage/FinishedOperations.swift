// SPDX-License-Identifier: Apache-2.0

/// Completions that wait to be asked for, oldest first, in storage that is allocated once.
@safe
struct FinishedOperations: ~Copyable, @unchecked Sendable {
    private let completions: UnsafeMutablePointer<BlockCompletion>
    private let capacity: Int
    private var first = 0
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        unsafe completions = .allocate(capacity: self.capacity)
        unsafe completions.initialize(repeating: BlockCompletion(token: 0, failure: nil), count: self.capacity)
    }

    deinit { unsafe completions.deallocate() }

    /// Adds a completion; there are never more than operations in flight.
    mutating func put(_ completion: BlockCompletion) {
        precondition(count < capacity, "No more operations end than were begun")
        let place = first &+ count
        // SAFETY: the place is brought below the capacity.
        unsafe completions[place < capacity ? place : place &- capacity] = completion
        count &+= 1
    }

    /// Takes the oldest.
    @inline(__always)
    mutating func take() -> BlockCompletion? {
        guard count > 0 else { return nil }
        // SAFETY: `first` stays below the capacity.
        let completion = unsafe completions[first]
        first = first &+ 1 < capacity ? first &+ 1 : 0
        count &-= 1
        return completion
    }
}
