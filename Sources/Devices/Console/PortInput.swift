// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// What people type at a hub on its way to a port: a few bytes, so that they wait at the hub when the guest reads none.
final class PortInput: ConsoleInput {
    private static let capacity = 1024

    private let waiting = Mutex<[UInt8]>([])
    /// Readable when there is something to take.
    let arrived: EventFD

    init() throws(Errno) { arrived = try EventFD() }

    func room() -> Int { waiting.withLock { PortInput.capacity - $0.count } }

    func receive(_ bytes: Span<UInt8>) -> Int {
        let taken = waiting.withLock { waiting in
            let count = min(bytes.count, PortInput.capacity - waiting.count)
            for i in 0..<count { waiting.append(bytes[i]) }
            return count
        }
        if taken > 0 { arrived.signal() }
        return taken
    }

    /// Moves bytes into the buffer; says how many, and whether the hub waits for the room that this made.
    func take(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, madeRoom: Bool) {
        waiting.withLock { waiting in
            let count = min(buffer.count, waiting.count)
            let wasFull = waiting.count == PortInput.capacity
            // SAFETY: `count` is at most the size of both.
            for i in 0..<count { unsafe buffer[i] = waiting[i] }
            waiting.removeFirst(count)
            return (count, wasFull && count > 0)
        }
    }

    /// Forgets what nobody took.
    func removeAll() { waiting.withLock { $0 = [] } }
}
