// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A program of the host that does one errand for a volume while the supervisor waits.
struct Tool {
    /// Its file.
    let path: String
    /// What to install where it is missing.
    let package: String
    /// Its variables as NAME=VALUE.
    let environment: [String]

    /// The most that is read of what it says.
    private static let mostBytes = 1 << 16

    /// Runs it to its end and returns what it wrote to its standard output.
    /// - Parameters:
    ///   - errand: what it is to do, for errors: "make the disk".
    ///   - field: the path of the field that asks for it.
    /// - Throws: `VolumeError` with the line in which it says why it failed.
    @discardableResult
    func run(_ arguments: [String], to errand: String, field: String) throws(VolumeError) -> String {
        let end: ChildProcess.End?
        let output: String
        let complaint: String
        do throws(Errno) {
            let null = try FileDescriptor.open("/dev/null", O_RDWR)
            let out = try FileDescriptor.memory(named: "output")
            let err = try FileDescriptor.memory(named: "errors")
            var child = try ChildProcess(
                path, arguments, environment: environment,
                passing: [.init(null.raw, as: 0), .init(out.raw, as: 1), .init(err.raw, as: 2)])
            end = child.end(waiting: true)
            output = try Self.text(out)
            complaint = try Self.text(err)
        } catch {
            guard error.code == ENOENT else {
                throw VolumeError(field, "\(path) cannot be run: \(error.reason)")
            }
            throw VolumeError(field, "\(path) is needed and missing; install it (Debian: apt install \(package))")
        }
        guard end == .exited(0) else {
            throw VolumeError(field, "\(package) failed to \(errand): \(Self.reason(in: complaint))")
        }
        return output
    }

    private static func text(_ file: borrowing FileDescriptor) throws(Errno) -> String {
        var bytes = [UInt8](repeating: 0, count: mostBytes)
        let count = try bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(Errno) in try file.read(into: buffer, at: 0) }
        }.get()
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// The line that tells most: the last of the gravest.
    private static func reason(in text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        let grave = lines.last { line in ["FAILURE", "FATAL", "level=fatal"].contains { line.contains($0) } }
        let reason = grave ?? lines.last ?? "no reason given"
        return String(reason.prefix(500).map { $0.isASCII && ($0.asciiValue ?? 0) < 32 ? " " : $0 })
    }
}
