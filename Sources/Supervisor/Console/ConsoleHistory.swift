// SPDX-License-Identifier: Apache-2.0

/// The last output of a console; every byte has its place in the stream, counted from the first ever.
struct ConsoleHistory {
    /// Most bytes that are kept.
    static let capacity = 64 << 10

    private var bytes: [UInt8] = []
    /// The place behind the last byte.
    private(set) var end: UInt64 = 0

    /// The place of the oldest byte.
    var start: UInt64 { end - UInt64(bytes.count) }

    /// Takes output.
    mutating func append(_ chunk: ArraySlice<UInt8>) {
        bytes += chunk.suffix(Self.capacity)
        // Moved now and then rather than each time.
        if bytes.count > 2 * Self.capacity { bytes.removeFirst(bytes.count - Self.capacity) }
        end += UInt64(chunk.count)
    }

    /// Up to `limit` bytes from a place on, or from the oldest byte where that one is gone, and where they begin.
    func read(from place: UInt64, limit: Int) -> (start: UInt64, bytes: ArraySlice<UInt8>) {
        let from = max(min(place, end), start)
        let index = Int(from - start)
        return (from, bytes[index..<min(index + limit, bytes.count)])
    }
}
