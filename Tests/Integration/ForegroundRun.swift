// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `apus run` with its supervisor and launcher, all built with this test bundle, without a terminal.
final class ForegroundRun {
    private let process = Process()
    private let folder: URL
    private var consolePath: String { folder.appendingPathComponent("console").path }
    private var errorPath: String { folder.appendingPathComponent("errors").path }

    /// Starts it; the manifest's kernel image `k` is a folder.
    init(_ manifest: String, image: String, runtime: URL) throws {
        folder = runtime
        for file in ["console", "errors"] {
            _ = FileManager.default.createFile(atPath: runtime.appendingPathComponent(file).path, contents: nil)
        }
        process.executableURL = URL(fileURLWithPath: try LauncherProcess.path).deletingLastPathComponent()
            .appendingPathComponent("apus")
        process.arguments = ["run", "--image", "k=\(image)", manifest]
        process.environment = ProcessInfo.processInfo.environment.merging(["XDG_RUNTIME_DIR": runtime.path]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: consolePath))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorPath))
        try process.run()
    }

    /// What it wrote on standard error.
    var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }
    /// Its exit status, once it has ended.
    var status: Int32 { process.terminationStatus }

    /// The launcher's process: the supervisor's child.
    var launcher: pid_t? {
        func children(_ parent: pid_t) -> [pid_t] {
            let list = (try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)) ?? ""
            return list.split(separator: " ").compactMap { pid_t($0) }
        }
        return children(process.processIdentifier).flatMap(children).first
    }

    /// Waits until the guest has written this.
    func waitForConsole(_ text: String) throws {
        try wait("the console never showed '\(text)'") {
            ((try? String(contentsOfFile: consolePath, encoding: .utf8)) ?? "").contains(text)
        }
    }

    /// Waits for its end.
    func waitForEnd() throws {
        try wait("it did not end") { !process.isRunning }
        process.waitUntilExit()
    }

    /// Ends it whatever it does.
    func end() {
        if let launcher { kill(launcher, SIGKILL) }
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    private func wait(_ failure: String, until condition: () -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: LauncherProcess.patience)
        while !condition() {
            guard Date() < deadline else { throw Unmet("\(failure); it said: \(errors)") }
            usleep(10_000)
        }
    }
}
