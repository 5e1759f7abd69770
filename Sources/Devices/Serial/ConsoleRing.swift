// SPDX-License-Identifier: Apache-2.0

/// The last 64 KiB of a console's output, known by their position in all of it.
struct ConsoleRing: Sendable {
    static let capacity = 64 << 10

    private var bytes = [UInt8](repeating: 0, count: ConsoleRing.capacity)
    /// Bytes written since the start.
    private(set) var end: UInt64 = 0

    /// Position of the oldest byte that is still there.
    var start: UInt64 { end > UInt64(ConsoleRing.capacity) ? end - UInt64(ConsoleRing.capacity) : 0 }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        bytes[Int(truncatingIfNeeded: end) & (ConsoleRing.capacity - 1)] = byte
        end &+= 1
    }

    /// Copies what follows `position`, or the oldest byte when that is gone, and says where the copy starts.
    func copy(from position: UInt64, into target: inout [UInt8], limit: Int) -> UInt64 {
        let from = min(max(position, start), end)
        let count = min(Int(end - from), limit)
        let first = Int(truncatingIfNeeded: from) & (ConsoleRing.capacity - 1)
        target.removeAll(keepingCapacity: true)
        let straight = min(count, ConsoleRing.capacity - first)
        target.append(contentsOf: bytes[first..<first + straight])
        target.append(contentsOf: bytes[0..<count - straight])
        return from
    }
}
