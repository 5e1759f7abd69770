// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Synchronization

/// What a queue's thread says of the requests that stopped the machine.
final class ParkingState<Request: Sendable>: Sendable {
    /// Requests that wait to be tried again.
    let count = Atomic<Int>(0)
    /// None of them failed for another reason than a lack of space.
    let isNoSpaceOnly = Atomic<Bool>(true)
    /// The requests as they travel; brought up to date when the queue is quiet.
    let requests = Mutex<[Request]>([])

    /// One more request waits.
    func add(_ failure: Errno) {
        if !FailurePolicy.isNoSpace(failure) { isNoSpaceOnly.store(false, ordering: .relaxed) }
        count.wrappingAdd(1, ordering: .relaxed)
    }

    /// Nothing waits any more.
    func clear() {
        count.store(0, ordering: .relaxed)
        isNoSpaceOnly.store(true, ordering: .relaxed)
        requests.withLock { $0 = [] }
    }
}
