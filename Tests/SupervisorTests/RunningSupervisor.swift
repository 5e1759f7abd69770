// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import Supervisor
import Testing
import VMISpec

/// A supervisor's process with a fake launcher under it.
final class RunningSupervisor {
    let fixture: Fixture
    let directory: String
    private var process: ChildProcess
    private let errors: FileDescriptor

    /// Starts one and waits until its launcher says that the guest runs.
    /// - Parameter behaviour: the words of `FAKE_LAUNCHER`.
    init(
        _ behaviour: String, devices: String = "", volumes: String = "", labels: String = "", probes: String = "",
        options: [String] = [], grace: Int = 1,
        fromVariable: Bool = false, awaiting phase: String = "Running"
    ) throws {
        fixture = try Fixture()
        let document = try Fixture.manifest(
            devices: devices, volumes: volumes, grace: grace, labels: labels, probes: probes
        ).1
        try fixture.write("vm.json", document.encoded())
        directory = "\(fixture.path)/apus/default_vm"
        errors = try FileDescriptor.memory(named: "stderr")
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        let program = SiblingProgram.path("apus-supervisor", variable: "NONE", environment: [:])
        let fake = SiblingProgram.path("fake-launcher", variable: "NONE", environment: [:])
        process = try ChildProcess(
            program,
            (fromVariable ? [] : ["--file", "\(fixture.path)/vm.json"]) + ["--image", "k=\(fixture.path)/image"]
                + ["--pvc", "data=\(fixture.path)/disk.raw"] + options,
            environment: [
                "XDG_RUNTIME_DIR=\(fixture.path)", "APUS_LAUNCHER=\(fake)", "FAKE_LAUNCHER=\(behaviour)",
                "PATH=/usr/bin:/bin", "NODE_NAME=n1", "STANDALONE_VMI=\(fromVariable ? document.text() : "")",
            ], passing: [.init(null.raw, as: 0), .init(errors.raw, as: 1), .init(errors.raw, as: 2)])
        try wait(for: phase)
    }

    /// What it wrote to standard error.
    var complaints: String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = bytes.withUnsafeMutableBytes { pread(errors.raw, $0.baseAddress, $0.count, 0) }
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    var id: Int32 { process.id }

    /// Waits until the published status says a phase.
    func wait(for phase: String) throws {
        for _ in 0..<2000 {
            if try published()?["phase"]?.stringValue == phase { return }
            if let end = process.end() { throw Unmet("the supervisor ended: \(end): \(complaints)") }
            usleep(10_000)
        }
        throw Unmet("the phase \(phase) never came: \(complaints)")
    }

    /// The status file, if it is there.
    func published() throws -> JSONValue? {
        guard let file = try? FileDescriptor.open("\(directory)/status.json", O_RDONLY) else { return nil }
        return try JSONValue(parsing: try file.readAll(limit: 1 << 20))
    }

    func connection() throws -> InstanceConnection { try InstanceConnection.connect(to: directory) }

    /// A plain socket to the API.
    func socket() throws -> FileDescriptor { try SocketPath.connect("control.sock", in: directory).release() }

    /// Sends one request on a new connection and reads the answer, or the head of one that lasts.
    func ask(_ request: HTTPRequest) throws -> HTTPResponse { try Self.ask(request, on: try socket()) }

    static func ask(_ request: HTTPRequest, on socket: borrowing FileDescriptor) throws -> HTTPResponse {
        try socket.writeAll(request.encoded)
        var parser = HTTPResponseParser()
        while true {
            switch try parser.next() {
            case .response(let response)?, .head(let response)?: return response
            case .body?: break
            case nil:
                let bytes = read(socket, seconds: 30)
                guard !bytes.isEmpty else { throw Unmet("the connection ended without an answer") }
                parser.append(bytes)
            }
        }
    }

    /// What comes next on a socket; nothing at its end or after so many seconds.
    static func read(_ socket: borrowing FileDescriptor, seconds: Int32) -> [UInt8] {
        var entry = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, seconds * 1000) > 0 else { return [] }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = chunk.withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
        return Array(chunk.prefix(max(count, 0)))
    }

    /// Asks for a JSON document.
    func document(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: try ask(HTTPRequest(method: "GET", path: [path])).body)
    }

    func signal(_ number: Int32) { process.signal(number) }

    /// Waits for its end.
    func end() -> ChildProcess.End? { process.end(waiting: true) }
}

/// Why a test cannot be carried out.
struct Unmet: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
