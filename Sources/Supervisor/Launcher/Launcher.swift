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
    /// Whether it and all its heirs closed their output.
    private(set) var hasEndedOutput = false

    /// The program beside this one, or where `APUS_LAUNCHER` says.
    static func path(environment: [String: String]) -> String {
        SiblingProgram.path("apus-launcher", variable: "APUS_LAUNCHER", environment: environment)
    }

    private init(channel: consuming ControlChannel, process: consuming ChildProcess, output: consuming FileDescriptor) {
        self.channel = channel
        self.process = process
        self.output = output
    }

    /// Starts a launcher, which dies with this process and with its control channel.
    /// - Throws: `SupervisorError`.
    static func start(_ path: String, environment: [String]) throws(SupervisorError) -> Launcher {
        do throws(Errno) { return try spawn(path, environment) } catch {
            let remedy = error.code == ENOENT ? "; install it beside apus-supervisor or set APUS_LAUNCHER" : ""
            throw SupervisorError("\(path) cannot be started: \(error)\(remedy)")
        }
    }

    private static func spawn(_ path: String, _ environment: [String]) throws(Errno) -> Launcher {
        let pair = try UnixSocket.pair()
        let null = try FileDescriptor.open("/dev/null", O_RDONLY)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Errno(code: errno, call: "pipe") }
        // The duplicates are closed on exec, which those of `pipe` are not.
        let reading = try FileDescriptor(owning: ends[0]).duplicate()
        let writing = try FileDescriptor(owning: ends[1]).duplicate()
        try reading.setNonblocking()
        // A crash handler of the runtime's would run into the launcher's filters; a crash is reported from here.
        let quiet = environment.filter { !$0.hasPrefix("SWIFT_BACKTRACE=") } + ["SWIFT_BACKTRACE=enable=no"]
        let process = try ChildProcess(
            path, ["--control-fd", "3"], environment: quiet,
            passing: [
                .init(null.raw, as: 0), .init(writing.raw, as: 1), .init(writing.raw, as: 2),
                .init(pair.second.descriptor.raw, as: 3),
            ])
        return try connected(pair, process, reading)
    }

    private static func connected(
        _ pair: consuming UnixSocket.Pair, _ process: consuming ChildProcess, _ output: consuming FileDescriptor
    ) throws(Errno) -> Launcher {
        let channel = try ControlChannel(UnixSocket(owning: try pair.first.descriptor.duplicate()))
        return Launcher(channel: channel, process: process, output: output)
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
            if count == 0 { hasEndedOutput = true }
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
