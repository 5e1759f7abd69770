// SPDX-License-Identifier: Apache-2.0

import HTTP
import VMISpec

/// The recent events of an instance, numbered from 1, for clients that come back and ask for what they missed.
struct EventLog {
    /// Most events that are kept.
    static let capacity = 256
    /// Most bytes of events that are kept; the last is kept whatever its size.
    static let mostBytes = 256 << 10

    private var events: [ServerSentEvent] = []
    private var bytes = 0
    private(set) var lastID: UInt64 = 0

    /// Numbers and keeps an event, and returns it.
    mutating func add(_ name: String, _ data: JSONValue) -> ServerSentEvent {
        lastID += 1
        let event = ServerSentEvent(id: lastID, name: name, data: data.text())
        events.append(event)
        bytes += event.data.utf8.count
        while events.count > Self.capacity || (bytes > Self.mostBytes && events.count > 1) {
            bytes -= events.removeFirst().data.utf8.count
        }
        return event
    }

    /// Those that are kept and came after the one of this number, oldest first.
    func after(_ id: UInt64) -> ArraySlice<ServerSentEvent> {
        events[(events.firstIndex { $0.id > id } ?? events.endIndex)...]
    }
}
