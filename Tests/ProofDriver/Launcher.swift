// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux

/// A launcher under the proof's control, as a supervisor would have it; killed and reaped when it goes out of scope.
///
/// Everything it says is kept: its events, its replies, the guest's console, its standard output and error. A launcher
/// that says nothing for two minutes although something is awaited hangs: that is a failed proof.
struct Launcher: ~Copyable {
    private static let patience: UInt64 = 120_000_000_000

    let pid: pid_t
    private(set) var events: [ControlEvent] = []
    private(set) var console: [UInt8] = []
    private var replies: [UInt64: ControlReply] = [:]
    private var channel: ControlChannel
    private var isOpen = true
    private let consoleEnd: UnixSocket
    private var guestEnd: UnixSocket?
    private let errors: FileDescriptor
    private var status: Int32?

    /// Starts a launcher that waits for its configuration.
    /// - Throws: `Errno`.
    init(_ stage: Stage) throws {
        let control = try UnixSocket.pair()
        let consoles = try UnixSocket.pair()
        let errors = try FileDescriptor.memory(named: "launcher-errors")
        try consoles.first.descriptor.setNonblocking()
        let pid = try Launcher.spawn(
            stage.launcher, ["--control-fd", "3"], control: control.second.descriptor.raw, output: errors.raw)
        let channel = try ControlChannel(control.first)
        self.pid = pid
        self.channel = channel
        self.errors = errors
        consoleEnd = consoles.first
        guestEnd = consume consoles.second
    }

    deinit {
        guard status == nil else { return }
        Glibc.kill(pid, SIGKILL)
        var ignored: Int32 = 0
        while waitpid(pid, &ignored, 0) < 0, errno == EINTR {}
    }

    /// Sends the configuration; does not wait.
    /// - Throws: `ControlError`, `Errno` or `ProofFailure`.
    mutating func send(_ plan: GuestPlan) throws -> UInt64 {
        guard let end = guestEnd.take() else { throw ProofFailure("one launcher was started twice") }
        var bundle = DescriptorBundle()
        let configuration = try plan.configuration(output: end.descriptor, into: &bundle)
        return try channel.request(.start(configuration), descriptors: bundle)
    }

    /// Starts the machine and waits until it runs.
    /// - Throws: `ProofFailure` when it does not.
    mutating func start(_ plan: GuestPlan) throws {
        let id = try send(plan)
        guard try reply(to: id) == .done else { throw ProofFailure("the machine did not start: \(story)") }
    }

    /// Asks and waits for the answer; nil when the launcher ended instead.
    /// - Throws: `ProofFailure` when it neither answers nor ends.
    mutating func ask(_ request: ControlRequest) throws -> ControlReply? {
        guard isOpen else { return nil }
        do {
            let id = try channel.request(request)
            return try reply(to: id)
        } catch ControlError.closed {
            while isOpen { try hear("the end") }
            return nil
        }
    }

    /// Waits for the answer to a request; nil when the launcher ended instead.
    private mutating func reply(to id: UInt64) throws -> ControlReply? {
        while isOpen {
            if let reply = replies.removeValue(forKey: id) { return reply }
            try hear("the reply to request \(id)")
        }
        return replies.removeValue(forKey: id)
    }

    /// Listens for some time.
    /// - Throws: `ProofFailure`.
    mutating func listen(microseconds: Int) throws {
        let deadline = Clock.monotonic + UInt64(microseconds) * 1000
        while isOpen {
            let now = Clock.monotonic
            guard now < deadline else { return }
            try poll(nanoseconds: deadline - now)
        }
        let now = Clock.monotonic
        if now < deadline { usleep(UInt32((deadline - now) / 1000)) }
    }

    /// Waits until the launcher ends by itself and returns its exit status.
    /// - Throws: `ProofFailure` when it hangs or dies of a signal.
    mutating func end() throws -> Int32 {
        while isOpen { try hear("the launcher's end") }
        try readConsole()
        let raw = reap()
        guard raw & 0x7F == 0 else { throw ProofFailure("the launcher died of signal \(raw & 0x7F): \(story)") }
        return raw >> 8 & 0xFF
    }

    /// Kills it outright; false when it had ended by itself.
    mutating func kill() -> Bool {
        Glibc.kill(pid, SIGKILL)
        let raw = reap()
        return raw & 0x7F == SIGKILL
    }

    /// Takes what the guest had said before its launcher was killed.
    /// - Throws: `ProofFailure`.
    mutating func hearTheLast() throws { try readConsole() }

    /// What it said last, in one line.
    var story: String {
        let lines = consoleText.split(separator: "\n").suffix(3).joined(separator: " | ")
        return "events \(events.suffix(4)), console: \(lines), standard error: \(complaints)"
    }

    /// The guest's console so far.
    var consoleText: String { String(decoding: console, as: UTF8.self) }

    /// What it wrote to standard output and error.
    var complaints: String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(errors.raw, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
    }

    /// The vCPU threads' ids, once started.
    var vcpuThreads: [Int32] {
        for case .started(let report) in events { return report.vcpuThreads }
        return []
    }

    /// How many guest resets were announced.
    var resets: Int { events.count { if case .guestReset = $0 { true } else { false } } }

    // MARK: Parts

    private mutating func reap() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        status = raw
        return raw
    }

    private mutating func hear(_ what: String) throws {
        let deadline = Clock.monotonic + Launcher.patience
        let before = (events.count, replies.count, isOpen)
        while before == (events.count, replies.count, isOpen) {
            let now = Clock.monotonic
            guard now < deadline else { throw ProofFailure("waited 120 s for \(what): \(story)") }
            try poll(nanoseconds: deadline - now)
        }
    }

    private mutating func poll(nanoseconds: UInt64) throws {
        var entries = [
            pollfd(fd: channel.raw, events: Int16(POLLIN) | (channel.wantsWrite ? Int16(POLLOUT) : 0), revents: 0),
            pollfd(fd: consoleEnd.descriptor.raw, events: Int16(POLLIN), revents: 0),
        ]
        // Poll waits in whole milliseconds; what is left of the time is slept, so that random moments are random.
        let milliseconds = Int32(clamping: nanoseconds / 1_000_000)
        // The console is not watched once its writer is gone: that would be for ever readable.
        _ = Glibc.poll(&entries, guestEnd == nil ? 2 : 1, milliseconds)
        if milliseconds == 0 { usleep(UInt32(nanoseconds / 1000)) }
        try readConsole()
        do throws(ControlError) {
            while let received = try channel.next() {
                switch received.message {
                case .event(let event): events.append(event)
                case .reply(let id, let reply): replies[id] = reply
                case .request: throw ControlError.malformed("a request from the launcher")
                }
            }
            try channel.flush()
        } catch {
            // A peer that died with unread requests resets the connection.
            guard error == .closed else { throw ProofFailure("the control channel failed: \(error)") }
            isOpen = false
        }
    }

    private mutating func readConsole() throws {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(consoleEnd.descriptor.raw, &chunk, chunk.count, Int32(truncatingIfNeeded: MSG_DONTWAIT))
            guard count > 0 else { return }
            console += chunk[..<count]
        }
    }

    private static func spawn(
        _ path: String, _ arguments: [String], control: Int32, output: Int32
    ) throws(Errno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawn_file_actions_adddup2(&actions, control, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, words, environ)
        guard code == 0 else { throw Errno(code: code, call: "posix_spawn") }
        return pid
    }
}
