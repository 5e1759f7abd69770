// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A few rounds of every proof, each with a new seed; `scripts/prove` runs the long ones.
@Suite("The proofs hold for a few rounds", .serialized, .enabled(if: ProofSamples.obstacle == nil, ProofSamples.why))
struct ProofSamples {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let guests = root.appendingPathComponent(".build/guests")

    /// The launcher built last: the release one of `scripts/build`, or the one built beside these tests.
    static let launcher = [".build/apus", ".build/release", ".build/debug"]
        .map { root.appendingPathComponent("\($0)/apus-launcher") }
        .filter { FileManager.default.isExecutableFile(atPath: $0.path) }
        .max { built($0) < built($1) }

    static let driver = root.appendingPathComponent(".build/debug/prove-driver")

    /// Why the proofs cannot run here, or nil.
    static let obstacle: String? = {
        let files = FileManager.default
        if !files.isReadableFile(atPath: "/dev/kvm") || !files.isWritableFile(atPath: "/dev/kvm") {
            return "/dev/kvm cannot be opened"
        }
        if !files.fileExists(atPath: guests.appendingPathComponent("abuse.elf").path) {
            return "the guest payloads are not built: run guests/build"
        }
        if launcher == nil { return "no launcher is built: run scripts/build" }
        if !files.isExecutableFile(atPath: driver.path) { return "prove-driver is not built: run swift build" }
        return nil
    }()

    static var why: Comment { "\(obstacle ?? "")" }

    private static func built(_ file: URL) -> Date {
        (try? file.resourceValues(forKeys: [.contentModificationDateKey]))?.contentModificationDate ?? .distantPast
    }

    @Test(
        "a few rounds hold", arguments: zip(["abuse", "reset", "pause", "kill", "start-stop"], [3, 5, 4, 5, 5]))
    func sample(proof: String, rounds: Int) throws {
        let launcher = try #require(Self.launcher)
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("apus-proof-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = Self.driver
        process.arguments = [
            proof, "--launcher", launcher.path, "--guests", Self.guests.path, "--scratch", scratch.path, "--rounds",
            "\(rounds)", "--seed", "\(UInt32.random(in: .min ... .max))",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
        #expect(said.contains("proof \(proof) holds: rounds=\(rounds) "), "\(said)")
    }
}
