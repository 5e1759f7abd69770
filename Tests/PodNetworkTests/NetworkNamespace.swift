// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Synchronization
import Testing

/// A network namespace that lives as long as this object.
final class NetworkNamespace: Sendable {
    private let file: FileDescriptor

    /// True where this process may make one, has a tun driver, and the programs that tests call.
    static let isAvailable =
        geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0
        && ["/usr/sbin/ip", "/usr/sbin/nft"].allSatisfy { (path: String) in access(path, X_OK) == 0 }

    init() throws {
        let made = Mutex<Int32>(-1)
        try OSThread(name: "netns") {
            guard clinux_new_network_namespace() == 0,
                let file = try? FileDescriptor.open("/proc/thread-self/ns/net", O_RDONLY)
            else { return }
            let raw = file.release()
            made.withLock { $0 = raw }
        }.join()
        let raw = made.withLock { $0 }
        try #require(raw >= 0, "no network namespace can be made")
        file = FileDescriptor(owning: raw)
        try shell("ip link set lo up")
    }

    /// A path by which `ip link set … netns` finds it.
    var path: String { "/proc/\(getpid())/fd/\(file.raw)" }

    /// Calls `body` on a thread in this namespace.
    @discardableResult
    func inside<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        let result = Mutex<Result<T, any Error>?>(nil)
        let raw = file.raw
        try OSThread(name: "netns", stackBytes: 1 << 20) {
            guard clinux_enter_network_namespace(raw) == 0 else { return }
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
        }.join()
        return try #require(result.withLock { $0 }, "the namespace cannot be entered").get()
    }

    /// Moves the calling thread into this namespace.
    func enter() throws {
        try Errno.check(clinux_enter_network_namespace(file.raw), "setns")
    }

    /// Runs a shell's command line in this namespace and returns what it wrote.
    @discardableResult
    func shell(_ line: String) throws -> String {
        let (end, output) = try attempt(line)
        guard end == .exited(0) else { throw Failure(line: line, output: output) }
        return output
    }

    /// Runs a shell's command line in this namespace; says how it ended and what it wrote.
    func attempt(_ line: String) throws -> (ChildProcess.End?, String) {
        try inside {
            let output = try FileDescriptor.memory(named: "output")
            let source = try output.duplicate()
            let nothing = try FileDescriptor.open("/dev/null", O_RDONLY)
            var child = try ChildProcess(
                "/bin/sh", ["-c", line], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"],
                passing: [.init(nothing.raw, as: 0), .init(source.raw, as: 1), .init(source.raw, as: 2)])
            let end = child.end(waiting: true)
            lseek(output.raw, 0, SEEK_SET)
            return (end, String(decoding: try output.readAll(limit: 1 << 20), as: UTF8.self))
        }
    }

    /// A command that failed.
    struct Failure: Error, CustomStringConvertible {
        let line: String
        let output: String
        var description: String { "\(line): \(output)" }
    }
}
