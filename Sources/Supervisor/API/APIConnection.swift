// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux

/// One connection to the API: requests in, answers out, one after the other.
///
/// Whatever the client does, what this takes is bounded in bytes and in time: see `APILimits`.
final class APIConnection {
    /// Where the connection stands.
    enum Phase: Equatable {
        /// A request is awaited or being read.
        case reading
        /// A request is being carried out.
        case answering
        /// The answer lasts until the connection ends.
        case streaming
        /// The last answer is on its way; what still comes is ignored.
        case lingering
        /// It is over.
        case ended
    }

    private let socket: FileDescriptor
    private let loop: EventLoop
    private let limits: APILimits
    private var token: UInt64 = 0
    private var alarm: UInt64?
    private var parser = HTTPRequestParser()
    private var output = OutputQueue()
    private(set) var phase = Phase.reading
    private var keeps = true
    private var handsOver = false
    private var inputEnded = false
    private var isProceeding = false
    private var deadlineKind: Deadline? = .beginning

    /// What a deadline is for.
    private enum Deadline { case none, beginning, request, idle, answer, linger }

    /// When it last had a whole request, on the monotonic clock.
    private(set) var lastUse = Clock.monotonic
    /// Whether its end is a request to stop.
    var isOwner: Bool

    /// Is given each request; answers it by `respond`, `stream` or `handOver`, now or later.
    var onRequest: (HTTPRequest) -> Void = { _ in }
    /// Is called once, at the end.
    var onEnd: () -> Void = {}

    /// Takes over a connected, non-blocking socket.
    /// - Throws: `Errno` of `epoll_ctl`.
    init(_ socket: consuming FileDescriptor, loop: EventLoop, limits: APILimits, isOwner: Bool) throws(Errno) {
        self.socket = socket
        self.loop = loop
        self.limits = limits
        self.isOwner = isOwner
        token = try loop.watch(self.socket.raw) { [weak self] in self?.serve($0) }
        arm(limits.requestNanoseconds)
    }

    deinit {
        loop.forget(token)
        loop.cancel(alarm)
    }

    /// Whether closing it would take nothing from anybody.
    var isIdle: Bool { (phase == .reading || phase == .lingering) && !isOwner }

    /// A socket that speaks something else from now on, and what the client has said in it already.
    struct HandedOver: ~Copyable {
        let socket: FileDescriptor
        let rest: [UInt8]
    }

    /// Answers the request that was given last.
    func respond(_ response: HTTPResponse) {
        guard phase == .answering else { return }
        output.append(response.encoded(closes: !keeps))
        phase = keeps ? .reading : .lingering
        proceed()
    }

    /// Begins an answer that lasts until the connection ends.
    func stream(_ head: HTTPResponse) {
        guard phase == .answering else { return }
        var head = head
        head.headers.add("Connection", "close")
        output.append(head.encodedHead)
        phase = .streaming
        proceed()
    }

    /// Sends more of such an answer; a client that is too far behind is given up.
    func send(_ bytes: [UInt8]) {
        guard phase == .streaming else { return }
        output.append(bytes)
        guard output.count <= limits.streamBytes else { return end() }
        proceed()
    }

    /// Ends HTTP on this connection: sends the head of an upgrade and gives the socket away, together with what the
    /// client sent behind its request; nil when the client does not even take the head.
    func handOver(_ head: HTTPResponse) -> HandedOver? {
        guard phase == .answering else { return nil }
        output.append(head.encodedHead)
        guard output.send(to: socket.raw) == .done, let copy = try? socket.duplicate() else {
            end()
            return nil
        }
        let rest = parser.takeRest()
        end(hangingUp: false)
        return HandedOver(socket: copy, rest: rest)
    }

    /// Sends what waits, for as long as `nanoseconds`, and ends.
    func finish(within nanoseconds: UInt64) {
        let deadline = Clock.monotonic &+ nanoseconds
        while phase != .ended, output.send(to: socket.raw) == .waits, Clock.monotonic < deadline {
            var entry = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
            poll(&entry, 1, 100)
        }
        end()
    }

    /// Ends it at once.
    /// - Parameter hangingUp: ends the socket for whoever else has it, too.
    func end(hangingUp: Bool = true) {
        guard phase != .ended else { return }
        phase = .ended
        loop.forget(token)
        loop.cancel(alarm)
        if hangingUp { shutdown(socket.raw, Int32(SHUT_RDWR)) }
        onEnd()
    }

    private func serve(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: [.readable, .closed, .failed]) { read() }
        proceed()
        // One that is gone altogether takes no answer any more; what it asked for before is done all the same.
        if readiness.contains(.closed), inputEnded { end() }
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = chunk.withUnsafeMutableBytes {
            recv(socket.raw, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        if count < 0 {
            if errno != EAGAIN, errno != EINTR { end() }
        } else if count == 0 {
            inputEnded = true
        } else if phase == .reading || phase == .answering {
            parser.append(chunk[..<count])
        }
    }

    /// Takes up requests, sends what waits, and watches for what is to come.
    private func proceed() {
        // An answer given at once comes by here a second time.
        guard !isProceeding else { return }
        isProceeding = true
        defer { isProceeding = false }
        while phase != .ended {
            let hadOutput = output.count > 0
            let took = phase == .reading && !hadOutput && takeRequest()
            let progress = output.send(to: socket.raw)
            if progress == .failed { end() }
            if progress != .done || phase != .reading || (!took && !hadOutput) { break }
        }
        let waits = output.count > 0
        // A client that says nothing more may still wait for its answer, but for nothing else.
        if inputEnded, !waits, phase != .answering { end() }
        if phase == .ended { return }
        var interest: Readiness = waits ? .writable : []
        // Of a client whose answer is not taken yet nothing more is read, nor beyond the most that a request may have.
        if !inputEnded, phase != .answering, phase != .reading || (!waits && !parser.isFull) {
            interest.insert(.readable)
        }
        loop.change(token, interest)
        setDeadline(waits: waits)
    }

    /// Whether there was a request, or a reason to refuse one.
    private func takeRequest() -> Bool {
        do throws(HTTPError) {
            guard let request = try parser.next() else { return false }
            lastUse = Clock.monotonic
            deadlineKind = nil
            keeps = request.keepsConnection
            phase = .answering
            onRequest(request)
        } catch {
            output.append(HTTPResponse.failure(error.status, error.description).encoded(closes: true))
            phase = .lingering
        }
        return true
    }

    /// A deadline holds from the moment its reason arose; it is not put off by a byte now and then.
    private func setDeadline(waits: Bool) {
        let kind: Deadline
        switch phase {
        case .ended: return
        case .reading where waits, .answering where waits, .streaming where waits, .lingering where waits:
            kind = .answer
        case .lingering: kind = .linger
        case .answering, .streaming: kind = .none
        case .reading where !parser.isEmpty: kind = .request
        case .reading: kind = deadlineKind == .beginning ? .beginning : isOwner ? .none : .idle
        }
        guard kind != deadlineKind else { return }
        deadlineKind = kind
        loop.cancel(alarm)
        alarm = nil
        switch kind {
        case .none: break
        case .beginning, .request: arm(limits.requestNanoseconds)
        case .idle: arm(limits.idleNanoseconds)
        case .answer: arm(limits.answerNanoseconds)
        case .linger:
            arm(limits.lingerNanoseconds)
            shutdown(socket.raw, Int32(SHUT_WR))
        }
    }

    private func arm(_ nanoseconds: UInt64) {
        alarm = loop.after(nanoseconds: nanoseconds) { [weak self] in self?.expire() }
    }

    private func expire() {
        alarm = nil
        guard phase == .reading, output.count == 0, !parser.isEmpty else { return end() }
        output.append(HTTPResponse.failure(.requestTimeout, "The request did not come in time").encoded(closes: true))
        phase = .lingering
        proceed()
    }
}
