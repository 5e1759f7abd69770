// SPDX-License-Identifier: Apache-2.0

/// The last lines of a stream of bytes; takes bounded memory whatever is written to it.
struct LogTail {
    /// Most lines that are kept.
    static let mostLines = 64
    /// Most bytes of a line that are kept.
    static let mostBytes = 1024

    /// Whole lines, oldest first.
    private(set) var lines: [String] = []
    private var unfinished: [UInt8] = []
    private var overlong = false

    /// Takes bytes and returns the lines that they complete.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
        var complete: [String] = []
        for byte in bytes {
            if byte == 0x0A {
                complete.append(String(decoding: unfinished, as: UTF8.self))
                unfinished.removeAll(keepingCapacity: true)
            } else if unfinished.count < Self.mostBytes {
                // What a launcher says may quote its guest: no control character reaches a terminal.
                unfinished.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte)
            }
        }
        for line in complete { keep(line) }
        return complete
    }

    /// Ends the last line, if it was not.
    mutating func finish() {
        guard !unfinished.isEmpty else { return }
        keep(String(decoding: unfinished, as: UTF8.self))
        unfinished = []
    }

    /// Takes a whole line.
    mutating func keep(_ line: String) {
        guard !line.isEmpty else { return }
        lines.append(line)
        if lines.count > Self.mostLines { lines.removeFirst(lines.count - Self.mostLines) }
    }
}
