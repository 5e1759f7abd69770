// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A real KVM host made of software, see `scripts/nested-host`: what runs inside sees this machine's files and writes to
/// one shared folder.
struct NestedHost: Sendable {
    /// What the command inside may write; it stays until the tests end.
    let out: URL
    /// The command's exit status.
    let status: Int32
    /// What it and the host wrote.
    let transcript: String

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What `scripts/nested-host` ends with when the host itself failed.
    private static let hostFailed: Int32 = 125
    /// And with this one when its command took too long, as it does when a guest hangs.
    private static let timeIsUp: Int32 = 124

    /// Boots a host, runs a script of `Inside` in it and waits for its end.
    ///
    /// The emulated host is not sound, see `Inside/steady.sh`: guests that fail by its fault are run again inside, and a
    /// host whose own kernel panics or whose command hangs is booted anew, twice at most. Both are told.
    /// - Parameters:
    ///   - options: of `scripts/nested-host`.
    ///   - arguments: of the script; `OUT` stands for the shared folder.
    static func run(_ script: String, _ arguments: [String], options: [String] = []) async throws -> NestedHost {
        var host = try await boot(script, arguments, options: options)
        for _ in 0..<2 where [hostFailed, timeIsUp].contains(host.status) {
            print("EndToEnd: \(script): the nested host failed, see \(host.out.path); once more")
            host = try await boot(script, arguments, options: options)
        }
        if let repeats = try? host.text("repeats") {
            print("EndToEnd: \(script), see \(host.out.path):\n\(repeats)", terminator: "")
        }
        return host
    }

    private static func boot(
        _ script: String, _ arguments: [String], options: [String]
    ) async throws -> NestedHost {
        let out = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(script)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        let inside = root.appendingPathComponent("Tests/EndToEnd/Inside/\(script)").path
        let words = arguments.map { $0 == "OUT" ? out.path : $0 }
        let began = Date()
        let result = try await command(
            root.appendingPathComponent("scripts/nested-host").path,
            options + ["--out", out.path, "--timeout", "1200", "--log", "\(out.path)/host.log", "--", inside] + words)
        print(
            "EndToEnd: \(script) took \(Int(Date().timeIntervalSince(began))) s in a nested host, results in \(out.path)"
        )
        return NestedHost(out: out, status: result.status, transcript: result.output)
    }

    /// The folder of the three programs that `scripts/build` leaves.
    static func programs() throws -> String {
        let folder = root.appendingPathComponent(".build/apus").path
        guard FileManager.default.isExecutableFile(atPath: "\(folder)/apus-launcher") else {
            throw Unmet("\(folder)/apus-launcher is missing: run scripts/build")
        }
        return folder
    }

    /// The folder of the guest images; what is missing is built.
    static func images() async throws -> String {
        let result = try await command(root.appendingPathComponent("scripts/guest-images").path, [])
        let lines = result.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
        guard result.status == 0, let line = lines.first(where: { $0.first == "boot-6.12" }), line.count == 2 else {
            throw Unmet("scripts/guest-images fails:\n\(result.output)")
        }
        return URL(fileURLWithPath: String(line[1])).deletingLastPathComponent().path
    }

    /// A file that the command left.
    func text(_ name: String) throws -> String {
        do {
            let bytes = try Data(contentsOf: out.appendingPathComponent(name))
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw Unmet("the nested host left no \(name); it ended with status \(status):\n\(transcript)")
        }
    }

    /// Runs a program without standard input and waits for it without holding a thread of the pool.
    private static func command(
        _ path: String, _ arguments: [String]
    ) async throws -> (status: Int32, output: String) {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("apus-log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: log) }
        // Closed on exec: other suites start processes at the same time and look at what those have open.
        let descriptor = open(log.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Unmet("\(log.path) cannot be written") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return (status, String(decoding: try Data(contentsOf: log), as: UTF8.self))
    }
}
