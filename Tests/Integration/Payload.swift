// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The guests of `guests/`, built by `guests/build` into `.build/guests`.
enum Payload {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Builds what is missing or old, once a run.
    private static let build: Result<Void, Unmet> = {
        let process = Process()
        process.executableURL = root.appendingPathComponent("guests/build")
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        do { try process.run() } catch { return .failure(Unmet("guests/build cannot be run: \(error)")) }
        process.waitUntilExit()
        return process.terminationStatus == 0 ? .success(()) : .failure(Unmet("run guests/build: it fails"))
    }()

    /// The ELF file of a payload.
    static func path(_ name: String) throws -> String {
        try build.get()
        let path = root.appendingPathComponent(".build/guests/\(name).elf").path
        try #require(FileManager.default.fileExists(atPath: path), "\(path) is missing: run guests/build")
        return path
    }

    /// Starts the launcher with a payload.
    static func start(
        _ name: String, _ words: String = "", cpus: String = "1", memory: String = "128M", _ more: [String] = []
    ) throws -> LauncherProcess {
        try LauncherProcess(
            ["--kernel", path(name), "--cmdline", words, "--cpus", cpus, "--memory", memory] + more)
    }

    /// Runs a payload to its end and expects that it was satisfied and the machine left cleanly.
    static func run(
        _ name: String, _ words: String = "", cpus: String = "1", memory: String = "128M", _ more: [String] = []
    ) throws -> LauncherProcess {
        let launcher = try start(name, words, cpus: cpus, memory: memory, more)
        try launcher.waitForEnd()
        #expect(launcher.console.contains("apus-guest \(name) done ok"), "\(launcher.console)\(launcher.errors)")
        #expect(launcher.exitStatus == 0)
        #expect(launcher.errors == "")
        return launcher
    }
}
