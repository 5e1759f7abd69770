// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Linux

/// Owns a fixed number of eventfds.
public final class EventGroup: Sendable {
    private final class Event: Sendable {
        let counter: EventFD
        init() throws(Errno) { counter = try EventFD() }
    }

    private let events: [Event]

    /// Opens `count` counters at zero.
    /// - Throws: `Errno` of `eventfd`.
    public init(count: Int) throws(Errno) {
        var events: [Event] = []
        for _ in 0..<count { events.append(try Event()) }
        self.events = events
    }

    /// How many there are.
    public var count: Int { events.count }

    /// The descriptor of one, open as long as the group.
    public subscript(_ index: Int) -> Int32 { events[index].counter.raw }

    /// Takes the counts of all and leaves zeros.
    public func drain() { for event in events { event.counter.drain() } }

    /// For up to 64 counters from `first` on: which have been signalled and not been taken, as bits from 0.
    public func signalled(from first: Int) -> UInt64 {
        var polls = events.dropFirst(first).prefix(64).map {
            pollfd(fd: $0.counter.raw, events: Int16(POLLIN), revents: 0)
        }
        guard poll(&polls, nfds_t(polls.count), 0) > 0 else { return 0 }
        var bits: UInt64 = 0
        for (i, entry) in polls.enumerated() where entry.revents & Int16(POLLIN) != 0 { bits |= 1 << UInt64(i) }
        return bits
    }
}
