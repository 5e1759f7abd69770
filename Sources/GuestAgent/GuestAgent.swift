// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Linux
public import VMISpec

/// The client of the QEMU guest agent in one guest, over the host's end of its channel.
///
/// It waits for nothing: an event loop watches `descriptor`, as `wantsRead` and `wantsWrite` have it, and calls `serve`
/// when it is ready or `deadline` has come; completions are called from there or, when nothing can be asked, at once.
/// One command is with the agent at a time. Whatever makes no sense, comes late or too much is dropped, and the two
/// sides find each other again by `guest-sync-delimited` with a new number:
///
///     closed → syncing → idle ⇄ calling        closed: the guest has not opened the channel, or stands paused
///                 ↓ ↑  ←——————————┘            resting: nobody answered; the next attempt comes later each time
///               resting
///
/// What a hostile guest can achieve: wrong information, failed calls, and 4 MiB a second of reading.
public final class GuestAgent {
    enum Phase: Equatable {
        case closed
        case syncing(id: Int64, until: UInt64)
        case resting(until: UInt64)
        case idle
        case calling(id: Int64, until: UInt64)
    }

    /// All that the agent has told.
    public internal(set) var information = AgentInformation()
    /// Whether an agent answers.
    public private(set) var isConnected = false
    /// Called when `information`, `isConnected` or `credentialStatus` has changed.
    public var onChange: () -> Void = {}
    /// Whether the last credentials are in the guest; nil while there are none or none were tried.
    public internal(set) var credentialStatus: CredentialStatus?

    private let socket: FileDescriptor
    let clock: () -> UInt64
    private(set) var phase = Phase.closed
    private var isChannelOpen = false
    private var isPaused = false
    private var hasEnded = false
    private var reader = AgentReader()
    private var output: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 16_384)
    private var window = (start: UInt64(0), bytes: 0, lines: 0)
    private var readsAgain: UInt64?
    private var lastID: Int64
    private var failedSyncs = 0
    private var current: AgentCall?
    private var waiting: [AgentCall] = []
    var polls: [AgentPoll] = []
    var executions: [RunningExecution] = []
    var thawDue: UInt64?
    var timeAttempts = 0
    var credentials: [AgentCredential]
    var applied: AppliedCredentials?
    var credentialsDue: UInt64 = 0
    var credentialsForced: UInt64 = 0

    static let second: UInt64 = 1_000_000_000
    private static let mostWaiting = 64
    private static let mostWindowBytes = 4 << 20
    private static let mostWindowLines = 1000

    /// A client on a connected stream socket. It does nothing before `setChannel(isOpen: true)`.
    /// - Parameters:
    ///   - credentials: what is kept in the guest as their directories have it.
    ///   - clock: nanoseconds of a clock that never goes back.
    /// - Throws: `Errno` of `fcntl`.
    public init(
        _ socket: consuming FileDescriptor, credentials: [AgentCredential] = [],
        clock: @escaping () -> UInt64 = { Clock.monotonic }
    ) throws(Errno) {
        try socket.setNonblocking()
        self.socket = socket
        self.credentials = credentials
        self.clock = clock
        lastID = Int64(clock() & 0x3FFF_FFFF)
    }

    // MARK: The event loop's side

    /// The socket, to be watched.
    public var descriptor: Int32 { socket.raw }

    /// Whether `serve` is to be called when the socket is readable; false for a while when the guest says too much.
    public var wantsRead: Bool { readsAgain == nil && !hasEnded }

    /// Whether `serve` is to be called when the socket is writable.
    public var wantsWrite: Bool { !output.isEmpty && !hasEnded }

    /// When `serve` is to be called at the latest, on the clock; nil for never.
    public var deadline: UInt64? {
        var times = [readsAgain]
        switch phase {
        case .closed: break
        case .syncing(_, let until), .resting(let until), .calling(_, let until): times.append(until)
        case .idle: times.append(waiting.isEmpty ? nextErrand : 0)
        }
        return times.compactMap(\.self).min()
    }

    /// Reads, writes, gives up what is late and asks what is due.
    public func serve() {
        flush()
        receive()
        advance()
        flush()
    }

    /// The guest has opened its end of the channel, or closed it.
    public func setChannel(isOpen: Bool) {
        guard isChannelOpen != isOpen else { return }
        isChannelOpen = isOpen
        isOpen ? beginAnew() : close(connected: false)
    }

    /// The machine stands still: nobody is asked, and who waits for an answer is told.
    public func pause() {
        isPaused = true
        close(connected: isConnected)
    }

    /// The machine goes on, here or, with a new client, on another host: the guest's clock is set as soon as its agent
    /// answers.
    public func resume() {
        synchronizeTime()
        guard isPaused else { return }
        isPaused = false
        if isChannelOpen { beginAnew() }
    }

    /// Sets the guest's clock as soon as its agent answers.
    public func synchronizeTime() { timeAttempts = 3 }

    // MARK: Calls

    /// Asks for a command by its name; the completion gets the answer's `return`.
    /// - Parameters:
    ///   - arguments: made when the command is sent.
    ///   - patience: nanoseconds that the agent has, once it is its turn.
    public func call(
        _ command: String, patience: UInt64 = 5_000_000_000, arguments: @escaping () -> JSONObject? = { nil },
        completion: @escaping (Result<JSONValue, AgentError>) -> Void
    ) {
        submit(AgentCall(command: command, arguments: arguments, patience: patience, completion: completion))
    }

    func submit(_ call: AgentCall) {
        guard isConnected, phase != .closed else { return call.completion(.failure(.disconnected)) }
        guard waiting.count < Self.mostWaiting else { return call.completion(.failure(.busy)) }
        waiting.append(call)
    }

    /// Sends the next call, while nothing else is with the agent.
    func send(_ call: AgentCall) {
        lastID += 1
        current = call
        phase = .calling(id: lastID, until: clock() &+ call.patience)
        output += call.line(id: lastID)
    }

    private func finish(_ result: Result<JSONValue, AgentError>) {
        guard let call = current else { return }
        current = nil
        if case .calling = phase { phase = .idle }
        call.completion(result)
    }

    // MARK: Finding each other

    private func beginAnew() {
        failedSyncs = 0
        polls = AgentPoll.all
        credentialsDue = 0
        if !isPaused, !hasEnded { synchronize() }
    }

    private func synchronize() {
        lastID += 1
        var arguments = JSONObject()
        arguments["id"] = .integer(lastID)
        let request = JSONValue.object([
            "execute": .string("guest-sync-delimited"), "arguments": .object(arguments),
        ])
        // What did not go out yet is void; the sentinel makes the agent forget a half of a line that did.
        output = [AgentReader.sentinel] + request.encoded() + [0x0A]
        reader.drop()
        phase = .syncing(id: lastID, until: clock() &+ AgentCall.usualPatience)
    }

    private func close(connected: Bool) {
        phase = .closed
        reader.drop()
        output = []
        information.freeze = nil
        fail(.disconnected)
        setConnected(connected)
    }

    private func fail(_ error: AgentError) {
        finish(.failure(error))
        let (calls, running) = (waiting, executions)
        waiting = []
        executions = []
        for call in calls { call.completion(.failure(error)) }
        for execution in running { execution.completion(.failure(error)) }
    }

    private func setConnected(_ connected: Bool) {
        guard isConnected != connected else { return }
        isConnected = connected
        onChange()
    }

    // MARK: Bytes

    private func flush() {
        while !output.isEmpty, !hasEnded {
            let count = output.withUnsafeBytes { Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                output.removeFirst(count)
            } else {
                if errno != EAGAIN, errno != EINTR { end() }
                return
            }
        }
    }

    private func receive() {
        let now = clock()
        if let at = readsAgain {
            guard now >= at else { return }
            readsAgain = nil
        }
        if now &- window.start >= Self.second { window = (now, 0, 0) }
        // What comes without end is left to the next round, and beyond the window's measure to the next second.
        for _ in 0..<16 where !hasEnded && readsAgain == nil {
            let count = chunk.withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
            if count <= 0 {
                if count == 0 || (errno != EAGAIN && errno != EINTR) { end() }
                return
            }
            window.bytes += count
            guard phase != .closed else { continue }
            reader.append(chunk[..<count])
            while phase != .closed, let line = reader.next() {
                window.lines += 1
                hear(line)
            }
            if reader.hasOverflowed { resynchronize() }
            if window.bytes >= Self.mostWindowBytes || window.lines >= Self.mostWindowLines {
                readsAgain = window.start &+ Self.second
            }
        }
    }

    private func end() {
        hasEnded = true
        close(connected: false)
    }

    /// Drops what is under way and begins again with a new number.
    private func resynchronize() {
        if let command = current?.command { finish(.failure(.malformed(command: command))) }
        if phase != .closed { synchronize() }
    }

    // MARK: Answers

    private static let limits = JSONLimits(bytes: AgentReader.mostBytes, depth: 16, values: 20_000)

    private func hear(_ line: [UInt8]) {
        switch phase {
        case .closed, .resting, .idle: return
        case .syncing(let id, _):
            guard let answer = try? JSONValue(parsing: line, limits: Self.limits),
                answer["return"]?.integerValue == id
            else { return reader.seek() }
            failedSyncs = 0
            phase = .idle
            setConnected(true)
        case .calling(let id, _):
            guard let answer = try? JSONValue(parsing: line, limits: Self.limits) else {
                return resynchronize()
            }
            // An agent that numbers its answers cannot have a late one taken for another's.
            if let number = answer["id"], number.integerValue != id { return }
            let command = current?.command ?? ""
            if let error = answer["error"] {
                let reason = error.text("desc") ?? error.text("class") ?? "without a reason"
                finish(.failure(.refused(command: command, reason: reason)))
            } else if let value = answer["return"] {
                finish(.success(value))
            } else {
                finish(.failure(.malformed(command: command)))
            }
        }
    }

    // MARK: Time

    private func advance() {
        let now = clock()
        switch phase {
        case .closed: return
        case .syncing(_, let until):
            guard now >= until else { return }
            failedSyncs += 1
            reader.drop()
            phase = .resting(until: now &+ min(5 << UInt64(min(failedSyncs - 1, 4)), 60) * Self.second)
            setConnected(false)
            fail(.disconnected)
        case .resting(let until):
            if now >= until { synchronize() }
        case .calling(_, let until):
            guard now >= until, let call = current else { return }
            phase = .idle
            finish(call.mayBeSilent ? .success(.null) : .failure(.timedOut(command: call.command)))
            if phase != .closed { synchronize() }
        case .idle: break
        }
        if phase == .idle { runErrands(now) }
        if phase == .idle, !waiting.isEmpty { send(waiting.removeFirst()) }
    }
}
