// SPDX-License-Identifier: Apache-2.0

import Linux
import Storage
import Synchronization

/// An engine that carries operations out later, last one first, as an asynchronous one may.
struct DeferringEngine: ~Copyable, BlockEngine {
    private var image: ModelEngine
    private var queued: [(BlockOperation, Int)] = []
    private var done: [BlockCompletion] = []
    private let event: EventFD
    let depth: Int
    private(set) var mostInFlight = 0

    init(_ image: consuming ModelEngine, depth: Int) throws(Errno) {
        event = try EventFD()
        self.image = image
        self.depth = depth
    }

    var properties: ImageProperties { image.properties }
    var completionEvent: Int32 { event.raw }

    mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        precondition(token < depth && !queued.contains { $0.1 == token }, "a token in flight was used again")
        queued.append((operation, token))
        mostInFlight = max(mostInFlight, queued.count)
        return .queued
    }

    mutating func commit() { if !queued.isEmpty { event.signal() } }

    mutating func nextCompletion() -> BlockCompletion? { done.popLast() }

    /// Carries out what is queued, as the kernel would in its own time.
    mutating func work() {
        event.drain()
        for (operation, token) in queued.reversed() {
            var failure: Errno?
            do throws(Errno) {
                try image.perform(operation)
            } catch { failure = error }
            done.append(BlockCompletion(token: token, failure: failure))
        }
        queued = []
    }

    mutating func drain() { work() }
    mutating func refresh() throws(Errno) { try image.refresh() }
}
