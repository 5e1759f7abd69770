// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux

/// A launcher's process and the two ways it speaks: the control channel, and what it writes to standard error.
struct Launcher: ~Copyable {
    /// Requests and events.
    var channel: ControlChannel
    /// The process.
    var process: ChildProcess
    /// The reading end of its standard output and standard error.
    let output: FileDescriptor
    /// The last lines it wrote or logged.
    private(set) var log = LogTail()

    /// The program beside this one, or where `APUS_LAUNCHER` says.
    static func path(environment: [String: String]) -> String {
        SiblingProgram.path("apus-launcher", variable: "APUS_LAUNCHER", environment: environment)
    }

    /// Starts a launcher, which dies with this process and with its control channel.
    /// - Throws: `SupervisorError`.
    init(_ path: String, environment: [String]) throws(SupervisorError) {
        do {
            let pair = try UnixSocket.pair()
            let null = try FileDescriptor.open("/dev/null", O_RDONLY)
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw Errno(code: errno, call: "pipe") }
            // Kept from the child by hand: pipe2 is not visible here, and this process has one thread.
            let reading = try Self.closedOnExec(FileDescriptor(owning: ends[0]))
            let writing = try Self.closedOnExec(FileDescriptor(owning: ends[1]))
            try reading.setNonblocking()
            process = try ChildProcess(
                path, ["--control-fd", "3"], environment: environment,
                passing: [
                    .init(null.raw, as: 0), .init(writing.raw, as: 1), .init(writing.raw, as: 2),
                    .init(pair.second.descriptor.raw, as: 3),
                ])
            output = reading
            channel = try ControlChannel(pair.first)
        } catch let error as Errno {
            let remedy = error.code == ENOENT ? "; install it beside apus-supervisor or set APUS_LAUNCHER" : ""
            throw SupervisorError("\(path) cannot be started: \(error)\(remedy)")
        } catch {
            throw SupervisorError("\(path) cannot be started: \(error)")
        }
    }

    private static func closedOnExec(_ descriptor: consuming FileDescriptor) throws(Errno) -> FileDescriptor {
        try descriptor.duplicate()
    }

    /// Reads what it wrote; returns the whole lines among it.
    mutating func read() -> [String] {
        var lines: [String] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        // A launcher that writes without end must not keep this process from its other work.
        for _ in 0..<16 {
            let count =
                try? chunk.withUnsafeMutableBytes { buffer in
                    Result { () throws(Errno) in try output.read(into: buffer) }
                }.get()
            guard let count, count > 0 else { break }
            lines += log.append(chunk[..<count])
        }
        return lines
    }

    /// Takes a line that came as an event.
    mutating func note(_ line: String) { log.keep(line) }

    /// Ends the last line of its output, if it did not.
    mutating func finishLog() { log.finish() }
}
