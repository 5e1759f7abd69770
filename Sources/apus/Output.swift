// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Supervisor

/// Lines for people, on standard output and standard error.
enum Output {
    /// Writes text to standard output.
    static func write(_ text: String) {
        write(Array(text.utf8), to: 1)
    }

    /// Writes bytes; a reader that is gone loses them and nothing else.
    static func write(_ bytes: [UInt8], to raw: Int32) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var entry = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
                poll(&entry, 1, -1)
                continue
            }
            guard count > 0 else { return }
            done += count
        }
    }

    /// Writes a line of progress to standard error; right also while the terminal is raw.
    static func note(_ line: String) {
        let isTerminal = Terminal.isTerminal(2)
        let text = isTerminal ? "\u{1B}[2mapus: \(line)\u{1B}[0m\r\n" : "apus: \(line)\n"
        write(Array(text.utf8), to: 2)
    }

    /// Writes one line that says what went wrong and ends with that status.
    static func failure(_ error: any Error, status: Int32 = 1) -> ExitCode {
        for line in "\(error)".split(separator: "\n") {
            write(Array("apus: \(line)\(Terminal.isTerminal(2) ? "\r\n" : "\n")".utf8), to: 2)
        }
        return ExitCode(status)
    }

    /// Does something and turns its error into a line and an exit status.
    static func reporting(_ body: () throws -> Void) throws {
        do { try body() } catch let code as ExitCode { throw code } catch { throw failure(error) }
    }

    /// Where the runtime directories of this user's instances are.
    static var base: String { RuntimeDirectory.base(environment: SiblingProgram.environment) }
}
