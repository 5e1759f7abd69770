// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Record

/// The conversation between one supervisor and one launcher over a connected stream socket.
///
///     supervisor                                   launcher
///         │  ◄──────────────────────── event ready     │  as soon as it runs
///         │  request 1 start (+ descriptors) ────────► │  validates, builds, confines itself
///         │  ◄──────────────── event started, reply 1  │  or: event failed, reply 1 refused
///         │  request n pause/resume/… ───────────────► │
///         │  ◄─── event paused/resumed/…, reply n      │  events may come at any time between
///         │  ◄──── event guestShutdown, end of stream  │
///
/// Each message is one frame (`ControlFrame`) around one record (`ControlMessage`). Replies come in any order and carry
/// the number of their request. Both ends are built together, so there is no negotiation: a record that one end does not
/// know is an error at the other, and either end may close the socket at any time.
///
/// The socket never blocks. In an event loop watch `raw`: call `next` until it returns nil when it is readable, and
/// `flush` when it is writable, which is worth watching while `wantsWrite` holds. Without a loop use `wait` and `drain`.
public struct ControlChannel: ~Copyable, Sendable {
    private let socket: UnixSocket
    private var inbox = ControlInbox()
    private var outbox = ControlOutbox()
    private var chunk = [UInt8](repeating: 0, count: 16_384)
    private var lastRequest: UInt64 = 0
    private var ended = false

    /// Takes over a connected socket and makes it non-blocking.
    /// - Throws: `Errno` of `fcntl`.
    public init(_ socket: consuming UnixSocket) throws(Errno) {
        try socket.descriptor.setNonblocking()
        self.socket = socket
    }

    /// The socket's descriptor, to be watched and not to be read, written or closed.
    public var raw: Int32 { socket.descriptor.raw }

    /// Whether bytes wait for the socket to become writable.
    public var wantsWrite: Bool { !outbox.isEmpty }

    /// Sends a request and returns the number that its reply will carry.
    /// - Throws: as `send`.
    public mutating func request(
        _ request: ControlRequest, descriptors: consuming DescriptorBundle = DescriptorBundle()
    ) throws(ControlError) -> UInt64 {
        lastRequest &+= 1
        try send(.request(id: lastRequest, request), descriptors: descriptors)
        return lastRequest
    }

    /// Sends the answer to the request of that number.
    /// - Throws: as `send`.
    public mutating func reply(to id: UInt64, _ reply: ControlReply) throws(ControlError) {
        try send(.reply(id: id, reply))
    }

    /// Sends an event.
    /// - Throws: as `send`.
    public mutating func emit(_ event: ControlEvent) throws(ControlError) {
        try send(.event(event))
    }

    /// Queues a message and sends what the socket takes without waiting; the descriptors are closed once sent.
    /// - Throws: `ControlError.congested` or `tooLong`, and nothing was queued; `socket`; `closed` when the peer is gone,
    ///   and `next` still returns what it sent before.
    public mutating func send(
        _ message: ControlMessage, descriptors: consuming DescriptorBundle = DescriptorBundle()
    ) throws(ControlError) {
        try outbox.add(Record.encode(message), descriptors: descriptors)
        try flush()
    }

    /// Sends what waits, as far as the socket takes it without waiting.
    /// - Throws: `ControlError.closed` or `socket`.
    public mutating func flush() throws(ControlError) {
        try outbox.flush(to: socket)
    }

    /// The next message, or nil when none is complete yet; does not wait.
    /// - Throws: `ControlError.closed` once the peer is gone and every message of its was returned; `socket`,
    ///   `malformed` or `record`.
    public mutating func next() throws(ControlError) -> ReceivedMessage? {
        while true {
            if let message = try inbox.next() { return message }
            if ended { throw inbox.isEmpty ? ControlError.closed : ControlError.malformed("a frame that ends early") }
            guard try fill() else { return nil }
        }
    }

    /// Waits for the next message, sending what waits meanwhile; nil for no limit of time.
    /// - Throws: as `next`, and `ControlError.timedOut`.
    public mutating func wait(milliseconds: Int32? = nil) throws(ControlError) -> ReceivedMessage {
        let deadline = milliseconds.map { Self.now() + Int64($0) }
        while true {
            if let message = try next() { return message }
            try poll(Int16(POLLIN) | (wantsWrite ? Int16(POLLOUT) : 0), until: deadline)
            do {
                try flush()
            } catch ControlError.closed {
                // What the peer sent before it went is still to be read; `next` tells the end.
                continue
            }
        }
    }

    /// Waits until everything queued was taken by the socket; nil for no limit of time.
    /// - Throws: as `flush`, and `ControlError.timedOut`.
    public mutating func drain(milliseconds: Int32? = nil) throws(ControlError) {
        let deadline = milliseconds.map { Self.now() + Int64($0) }
        while wantsWrite {
            try flush()
            if wantsWrite { try poll(Int16(POLLOUT), until: deadline) }
        }
    }

    /// Reads once; false when there is nothing to read now.
    private mutating func fill() throws(ControlError) -> Bool {
        var descriptors: [Int32] = []
        let count: Int
        do {
            count = try Self.receive(into: &chunk, descriptors: &descriptors, from: socket)
        } catch {
            if error.isWouldBlock { return false }
            guard error.isPeerGone else { throw ControlError.socket(error) }
            ended = true
            return true
        }
        ended = count == 0
        inbox.append(chunk[..<count], descriptors: descriptors)
        return true
    }

    private static func receive(
        into chunk: inout [UInt8], descriptors: inout [Int32], from socket: borrowing UnixSocket
    ) throws(Errno) -> Int {
        try chunk.withUnsafeMutableBytes { buffer in
            Result { () throws(Errno) in try socket.receive(into: buffer, descriptors: &descriptors) }
        }.get()
    }

    /// Returns when the socket is ready for one of `events`, a signal came, or the deadline has not passed yet.
    private func poll(_ events: Int16, until deadline: Int64?) throws(ControlError) {
        var timeout: Int32 = -1
        if let deadline {
            let left = deadline - Self.now()
            guard left > 0 else { throw ControlError.timedOut }
            timeout = Int32(clamping: left)
        }
        var entry = pollfd(fd: raw, events: events, revents: 0)
        let ready = Glibc.poll(&entry, 1, timeout)
        guard ready < 0 else { return }
        let code = errno
        guard code == EINTR else { throw ControlError.socket(Errno(code: code, call: "poll")) }
    }

    /// Milliseconds of the monotonic clock.
    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
