// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor

/// A supervisor that this command started, and the connection to it.
final class SupervisorProcess {
    /// Requests and events.
    let connection: InstanceConnection
    private var process: ChildProcess
    private let errors: FileDescriptor

    private init(
        _ connection: InstanceConnection, _ process: consuming ChildProcess, _ errors: consuming FileDescriptor
    ) {
        self.connection = connection
        self.process = consume process
        self.errors = errors
    }

    /// Starts a supervisor in a session of its own, out of reach of this terminal.
    /// - Throws: `Errno`.
    static func start(_ path: String, _ arguments: [String], manifest: [UInt8]) throws(Errno) -> SupervisorProcess {
        let input = try FileDescriptor.memory(named: "manifest")
        try input.writeAll(manifest)
        guard lseek(input.raw, 0, SEEK_SET) == 0 else { throw Errno(code: errno, call: "lseek") }
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        // A file rather than a pipe: a supervisor that is left running can write to it after this process's end.
        let errors = try FileDescriptor.memory(named: "stderr")
        let pair = try UnixSocket.pair()
        let process = try ChildProcess(
            path, arguments, environment: SiblingProgram.environmentList,
            passing: [
                .init(input.raw, as: 0), .init(null.raw, as: 1), .init(errors.raw, as: 2),
                .init(pair.second.descriptor.raw, as: 3),
            ], ownSession: true)
        let connection = InstanceConnection(try pair.first.descriptor.duplicate())
        return SupervisorProcess(connection, process, errors)
    }

    /// Waits for its end.
    func awaitEnd() {
        _ = process.end(waiting: true)
    }

    /// What it wrote to standard error before its end, as an error.
    var lastWords: SupervisorError {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = bytes.withUnsafeMutableBytes { pread(errors.raw, $0.baseAddress, $0.count, 0) }
        let lines = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n")
        let prefix = "apus-supervisor: "
        let words = lines.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : String($0) }
        return SupervisorError(words.isEmpty ? "The supervisor ended without a word" : words.joined(separator: "\n"))
    }

    /// Asks it to end the instance, as its signals do.
    func terminate() { process.signal(SIGTERM) }

    /// Leaves it to itself: it goes on when this process ends.
    func letGo() { process.abandon() }
}
