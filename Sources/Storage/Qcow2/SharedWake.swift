// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Readable when an engine's own files have completions or another engine of the same image rings.
final class SharedWake: Sendable {
    let event: EventFD
    let both: Epoll

    /// Joins a bell to a completion event.
    /// - Throws: `Errno` of `eventfd`, `epoll_create1` or `epoll_ctl`.
    init(_ completions: Int32) throws(Errno) {
        let event = try EventFD()
        let both = try Epoll(capacity: 2)
        try both.add(completions, .readable, token: 0)
        try both.add(event.raw, .readable, token: 1)
        self.event = event
        self.both = both
    }
}
