// SPDX-License-Identifier: Apache-2.0

/// Puts the chunks of a body together, RFC 9112 §7.1.
struct HTTPChunks: Sendable {
    private(set) var body: [UInt8] = []
    private var left: Int?
    private var isTrailer = false

    /// Reads what it can of `bytes`; returns whether the body is whole.
    /// - Throws: `HTTPError` when these are no chunks, or more than `limit` bytes.
    mutating func read(_ bytes: inout [UInt8], limit: Int) throws(HTTPError) -> Bool {
        while true {
            if isTrailer {
                guard let line = try Self.takeLine(&bytes) else { return false }
                if line.isEmpty { return true }
            } else if let count = left {
                guard bytes.count >= count + 2 else { return false }
                body += bytes[..<count]
                bytes.removeFirst(count + 2)
                left = nil
            } else {
                guard let line = try Self.takeLine(&bytes) else { return false }
                let digits = line.prefix { $0 != UInt8(ascii: ";") }
                guard (1...8).contains(digits.count),
                    let count = Int(String(decoding: digits, as: UTF8.self), radix: 16),
                    count >= 0, count <= limit - body.count
                else { throw HTTPError(.badRequest, "A chunk of the response has no sensible length") }
                if count == 0 { isTrailer = true } else { left = count }
            }
        }
    }

    private static func takeLine(_ bytes: inout [UInt8]) throws(HTTPError) -> [UInt8]? {
        guard let end = bytes.firstIndex(of: 0x0A) else {
            guard bytes.count <= 4096 else { throw HTTPError(.badRequest, "A line between chunks does not end") }
            return nil
        }
        var line = Array(bytes[..<end])
        bytes.removeFirst(end + 1)
        if line.last == 0x0D { line.removeLast() }
        return line
    }
}
