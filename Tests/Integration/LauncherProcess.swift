// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Linux
import Testing

/// The real `apus-launcher` as a child process, with pipes on its standard output and error.
///
/// Everything happens on the caller's thread: the launcher dies with the thread that started it, so a test must not
/// suspend while one runs.
final class LauncherProcess {
    let processID: pid_t
    private(set) var console = ""
    private(set) var errors = ""
    /// The wait status of `waitpid(2)` once it has ended.
    private(set) var waitStatus: Int32?
    private let streams: [Stream]
    private let consoleWriter: FileDescriptor?

    /// One of the pipes that the launcher writes.
    private final class Stream {
        let descriptor: FileDescriptor
        var isOpen = true
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    /// A limit that only a hang reaches, in seconds.
    static let patience = 240.0

    /// The launcher that was built with this test bundle.
    static var path: String {
        get throws {
            let folder = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = URL(fileURLWithPath: folder).deletingLastPathComponent().appendingPathComponent("apus-launcher")
            try #require(
                FileManager.default.isExecutableFile(atPath: path.path),
                "\(path.path) is missing: run `swift build` first")
            return path.path
        }
    }

    /// Starts the launcher.
    /// - Parameters:
    ///   - control: becomes descriptor 3.
    ///   - wrapper: a command that runs the launcher in turn.
    init(_ arguments: [String], control: Int32? = nil, through wrapper: [String] = []) throws {
        let output = try Self.pipe()
        let errors = try Self.pipe()
        let nothing = try FileDescriptor.open("/dev/null", O_RDONLY)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in [(0, nothing.raw), (1, output.writer), (2, errors.writer), (3, control ?? -1)] {
            if source >= 0 { posix_spawn_file_actions_adddup2(&actions, source, Int32(target)) }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let words = wrapper + [try Self.path] + arguments
        var argv = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, words[0], &actions, &attributes, &argv, environ)
        // The child has its own copies now.
        let writer = FileDescriptor(owning: output.writer)
        _ = FileDescriptor(owning: errors.writer)
        try #require(code == 0, "\(words[0]): \(String(cString: strerror(code)))")
        processID = child
        streams = [
            Stream(FileDescriptor(owning: output.reader)), Stream(FileDescriptor(owning: errors.reader)),
        ]
        if control == nil { consoleWriter = nil } else { consoleWriter = consume writer }
    }

    deinit {
        guard waitStatus == nil else { return }
        Glibc.kill(processID, SIGKILL)
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    }

    /// Runs a launcher to its end.
    static func run(_ arguments: [String], through wrapper: [String] = []) throws -> LauncherProcess {
        let launcher = try LauncherProcess(arguments, through: wrapper)
        try launcher.waitForEnd()
        return launcher
    }

    /// The exit status, or nil when it has not ended or was killed.
    var exitStatus: Int32? {
        guard let waitStatus, waitStatus & 0x7F == 0 else { return nil }
        return (waitStatus >> 8) & 0xFF
    }

    /// The signal that killed it.
    var killedBy: Int32? {
        guard let waitStatus, waitStatus & 0x7F != 0 else { return nil }
        return waitStatus & 0x7F
    }

    /// What it wrote to standard error, line by line.
    var complaints: [String] { errors.split(whereSeparator: \.isNewline).map(String.init) }

    /// The payload's `result` lines of a kind.
    func results(_ kind: String) -> [String] {
        console.split(whereSeparator: \.isNewline).map(String.init).filter { $0.hasPrefix("result kind=\(kind) ") }
    }

    /// Another end of the pipe that `console` is read from, for a launcher under control.
    func consoleEnd() throws -> FileDescriptor {
        guard let end = try consoleWriter?.duplicate() else { throw Unmet("standard output is the console") }
        return end
    }

    func kill(_ signal: Int32) { Glibc.kill(processID, signal) }

    /// Reads until the console holds `text` `times` times.
    func waitForConsole(_ text: String, times: Int = 1) throws {
        try wait("'\(text)' on the console") { self.occurrences(of: text) >= times }
    }

    func occurrences(of text: String) -> Int { console.components(separatedBy: text).count - 1 }

    /// Reads until the launcher has ended and everything it wrote was read.
    func waitForEnd() throws { try wait("the launcher's end") { self.waitStatus != nil } }

    /// Reads for a while, whatever comes.
    func read(milliseconds: Int) {
        let deadline = Date().addingTimeInterval(Double(milliseconds) / 1000)
        while Date() < deadline { pump(milliseconds: 5) }
    }

    private func wait(_ what: String, until isDone: () -> Bool) throws {
        let deadline = Date().addingTimeInterval(Self.patience)
        while !isDone() {
            pump(milliseconds: 20)
            if isDone() { return }
            let reason = waitStatus != nil ? "the launcher ended first" : Date() > deadline ? "it hangs" : nil
            if let reason {
                throw Unmet(
                    "\(what) did not come, \(reason); status \(waitStatus ?? -1)\nconsole:\n\(console)\nerrors:\n\(errors)"
                )
            }
        }
    }

    /// Waits a moment for output and takes what there is; collects the process when it has ended.
    private func pump(milliseconds: Int32) {
        var ended = waitStatus
        if ended == nil {
            var status: Int32 = 0
            if waitpid(processID, &status, WNOHANG) == processID { ended = status }
        }
        var polls = streams.map { pollfd(fd: $0.isOpen ? $0.descriptor.raw : -1, events: Int16(POLLIN), revents: 0) }
        _ = poll(&polls, nfds_t(polls.count), ended == nil ? milliseconds : 0)
        console += drain(streams[0])
        errors += drain(streams[1])
        // Not before the output was read: what it wrote last is there once it has ended.
        waitStatus = ended
    }

    private func drain(_ stream: Stream) -> String {
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while stream.isOpen {
            let count = Glibc.read(stream.descriptor.raw, &bytes, bytes.count)
            if count < 0 { break }
            stream.isOpen = count > 0
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
        return text
    }

    private static func pipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }
}
