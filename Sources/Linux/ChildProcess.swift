// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Glibc

/// A child of this process: started with exactly the descriptors it is meant to have, watched and reaped by its owner.
///
/// A child that was not reaped when this value goes out of scope is killed and reaped, so none is left over.
public struct ChildProcess: ~Copyable {
    /// Its process id, valid until it was reaped.
    public let id: Int32
    /// Readable once it has ended (`pidfd_open(2)`).
    public let descriptor: FileDescriptor
    private var isReaped = false

    /// How a process ended.
    public enum End: Equatable, Sendable {
        /// It exited with this status.
        case exited(Int32)
        /// This signal killed it.
        case signalled(Int32)
    }

    /// A descriptor of this process and its number in the child.
    @frozen public struct Passed: Sendable {
        /// The number here.
        public var source: Int32
        /// The number in the child.
        public var target: Int32

        /// Passes `source` on as `target`.
        public init(_ source: Int32, as target: Int32) {
            self.source = source
            self.target = target
        }
    }

    /// Starts a program with default signals, none of them blocked, and no descriptors but those passed.
    /// - Parameters:
    ///   - path: the program's file, not searched for.
    ///   - arguments: those after the program's name.
    ///   - environment: its variables as NAME=VALUE.
    ///   - passing: its descriptors, targets in rising order; every source is above every target that precedes it.
    ///   - ownSession: it leads a new session, out of reach of this terminal's signals.
    /// - Throws: `Errno` of `posix_spawn` or `pidfd_open`.
    public init(
        _ path: String, _ arguments: [String], environment: [String], passing: [Passed], ownSession: Bool = false
    ) throws(Errno) {
        let id = try Self.spawn(path, arguments, environment, passing, ownSession)
        let watched = clinux_pidfd_open(id)
        if watched < 0 {
            kill(id, SIGKILL)
            var status: Int32 = 0
            while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
        }
        descriptor = FileDescriptor(owning: Int32(try Errno.check(watched, "pidfd_open")))
        self.id = id
    }

    deinit {
        guard !isReaped else { return }
        kill(id, SIGKILL)
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
    }

    /// Sends it a signal; one that has ended is no error.
    public borrowing func signal(_ number: Int32) {
        if !isReaped { kill(id, number) }
    }

    /// How it ended, or nil while it runs or when that was told before.
    /// - Parameter waiting: waits for its end.
    public mutating func end(waiting: Bool = false) -> End? {
        guard !isReaped else { return nil }
        var status: Int32 = 0
        while true {
            let r = unsafe waitpid(id, &status, waiting ? 0 : WNOHANG)
            if r < 0, errno == EINTR { continue }
            guard r == id else { return nil }
            break
        }
        isReaped = true
        return clinux_wait_signalled(status) != 0
            ? .signalled(clinux_wait_signal(status)) : .exited(clinux_wait_exit_status(status))
    }

    /// Leaves the child to itself: it goes on when this process ends, and whoever adopts it reaps it.
    public mutating func abandon() { isReaped = true }

    /// POSIX_SPAWN_SETSID, glibc 2.26, which `<spawn.h>` shows to `_GNU_SOURCE` only.
    private static let setSession = 0x80

    // SAFETY: every pointer handed to the C library points into arrays that live until the call returns.
    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String], _ passing: [Passed], _ ownSession: Bool
    ) throws(Errno) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for passed in passing { unsafe posix_spawn_file_actions_adddup2(&actions, passed.source, passed.target) }
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = Int(POSIX_SPAWN_SETSIGMASK) | Int(POSIX_SPAWN_SETSIGDEF) | (ownSession ? Self.setSession : 0)
        unsafe posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
        var argv = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe argv.forEach { unsafe free($0) }
            unsafe envp.forEach { unsafe free($0) }
        }
        var id: Int32 = 0
        let r = unsafe posix_spawn(&id, path, &actions, &attributes, &argv, &envp)
        guard r == 0 else { throw Errno(code: r, call: "posix_spawn") }
        return id
    }
}
