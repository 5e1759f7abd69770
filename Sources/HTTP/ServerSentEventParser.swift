// SPDX-License-Identifier: Apache-2.0

/// Makes events of the bytes of an event stream; does no input or output.
public struct ServerSentEventParser: Sendable {
    private var bytes: [UInt8] = []
    private var event = ServerSentEvent(id: 0, name: "", data: "")

    /// The longest line, in bytes.
    private static let longestLine = 8 << 20

    /// A parser at the beginning of a stream.
    public init() {}

    /// Takes bytes and returns the events that they complete; fields that are not known are passed over.
    /// - Throws: `HTTPError` when a line does not end.
    public mutating func append(_ chunk: some Collection<UInt8>) throws(HTTPError) -> [ServerSentEvent] {
        bytes += chunk
        var events: [ServerSentEvent] = []
        var start = 0
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            if end == start {
                if !event.data.isEmpty { events.append(event) }
                event.name = ""
                event.data = ""
            } else {
                take(String(decoding: bytes[start..<end], as: UTF8.self))
            }
            start = end + 1
        }
        bytes.removeFirst(start)
        guard bytes.count <= Self.longestLine else { throw HTTPError(.badRequest, "An event does not end") }
        return events
    }

    private mutating func take(_ line: String) {
        if line.hasPrefix("id: ") { event.id = UInt64(line.dropFirst(4)) ?? event.id }
        if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
        if line.hasPrefix("data: ") { event.data = String(line.dropFirst(6)) }
    }
}
