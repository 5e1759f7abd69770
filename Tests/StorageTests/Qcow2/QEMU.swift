// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// The programs of qemu-utils, against which images are held.
enum QEMU {
    static let image = "/usr/bin/qemu-img"
    static let io = "/usr/bin/qemu-io"

    /// Runs a program and returns what it said.
    @discardableResult
    static func run(_ program: String, _ arguments: [String], expecting status: Int32 = 0) throws -> String {
        let output = try FileDescriptor.memory(named: "output")
        let null = try FileDescriptor.open("/dev/null", O_RDONLY)
        var child = try ChildProcess(
            program, arguments, environment: ["LC_ALL=C", "PATH=/usr/bin:/bin"],
            passing: [.init(null.raw, as: 0), .init(output.raw, as: 1), .init(output.raw, as: 2)])
        let end = child.end(waiting: true)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = try bytes.withUnsafeMutableBytes { p in
            Result { () throws(Errno) in try output.read(into: p, at: 0) }
        }.get()
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        #expect(end == .exited(status), "\(program) \(arguments.joined(separator: " ")): \(text)")
        return text
    }

    /// Makes an image.
    static func create(_ path: String, _ options: [String], _ size: String) throws {
        try run(image, ["create", "-q", "-f", "qcow2"] + options + [path, size])
    }

    /// Does what each command says.
    static func io(_ path: String, _ commands: [String], format: String = "qcow2") throws {
        try run(io, ["-f", format] + commands.flatMap { ["-c", $0] } + [path])
    }

    /// Finds an image sound, without leaks.
    static func check(_ path: String) throws { try run(image, ["check", "-q", "-f", "qcow2", path]) }
}
