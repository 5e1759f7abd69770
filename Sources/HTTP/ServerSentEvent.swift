// SPDX-License-Identifier: Apache-2.0

/// One event of a stream of type text/event-stream (HTML Living Standard §9.2).
public struct ServerSentEvent: Equatable, Sendable {
    /// Its number, by which a client that comes back asks for what it missed.
    public var id: UInt64
    /// Its kind.
    public var name: String
    /// Its content: one line of JSON.
    public var data: String

    /// An event; neither `name` nor `data` has a line end.
    public init(id: UInt64, name: String, data: String) {
        self.id = id
        self.name = name
        self.data = data
    }

    /// The event as it is sent.
    public var encoded: [UInt8] { Array("id: \(id)\nevent: \(name)\ndata: \(data)\n\n".utf8) }
}
