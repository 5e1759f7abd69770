// SPDX-License-Identifier: Apache-2.0

/// Takes a stream of bytes apart into lines, in bounded memory whatever comes.
struct AgentReader {
    /// The longest line, in bytes: an answer with what a program printed is the longest there is.
    static let mostBytes = 2 << 20
    /// The byte in front of the answer to `guest-sync-delimited`, which no JSON text holds.
    static let sentinel: UInt8 = 0xFF

    private var bytes: [UInt8] = []
    /// Where the line begins that has not been taken.
    private var start = 0
    /// How far its end has been looked for.
    private var searched = 0
    /// Everything is dropped until the next sentinel.
    private var isSeeking = false

    /// A line is longer than any that makes sense.
    var hasOverflowed: Bool { bytes.count - start > Self.mostBytes }

    /// Drops what has come and all that comes before the next sentinel.
    mutating func drop() {
        bytes = []
        (start, searched) = (0, 0)
        isSeeking = true
    }

    /// Drops all that has come before the next sentinel, which may have come already.
    mutating func seek() { isSeeking = true }

    /// Takes bytes from the stream.
    mutating func append(_ new: ArraySlice<UInt8>) {
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 65_536)
        } else {
            bytes.removeSubrange(..<start)
        }
        searched -= start
        start = 0
        bytes += new
    }

    /// The next whole line without its end.
    mutating func next() -> [UInt8]? {
        if isSeeking {
            guard let sentinel = bytes[start...].firstIndex(of: Self.sentinel) else {
                bytes.removeAll(keepingCapacity: bytes.capacity <= 65_536)
                (start, searched) = (0, 0)
                return nil
            }
            start = sentinel + 1
            searched = start
            isSeeking = false
        }
        guard let end = bytes[searched...].firstIndex(of: 0x0A) else {
            searched = bytes.count
            return nil
        }
        defer { (start, searched) = (end + 1, end + 1) }
        return Array(bytes[start..<end])
    }
}
