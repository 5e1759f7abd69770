// SPDX-License-Identifier: Apache-2.0

/// A client of the control socket.
final class Client {
    /// The number by which the event loop knows it.
    let token: UInt64
    /// Whether the end of its connection is a request to stop.
    var isOwner: Bool
    /// Whether it is told of events.
    var hearsEvents: Bool
    /// Its connection.
    var connection: LineConnection
    /// Whether the event loop watches for its socket to become writable.
    var isWatchedForWriting = false

    init(token: UInt64, connection: consuming LineConnection, isOwner: Bool) {
        self.token = token
        self.connection = connection
        self.isOwner = isOwner
        hearsEvents = isOwner
    }
}
