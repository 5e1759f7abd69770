// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A few rounds of every proof, each with a new seed; `scripts/prove` runs the long ones.
@Suite("The proofs hold for a few rounds", .serialized, .enabled(if: Premises.obstacle == nil, Premises.why))
struct ProofSampleTests {
    @Test(
        "a few rounds hold",
        arguments: zip(
            ["abuse", "reset", "pause", "kill", "start-stop", "powercut", "supervise"], [3, 5, 4, 5, 5, 5, 5]))
    func sample(proof: String, rounds: Int) throws {
        let launcher = try #require(Premises.launcher)
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("apus-proof-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = Premises.driver
        process.arguments = [
            proof, "--launcher", launcher.path, "--guests", Premises.guests.path, "--scratch", scratch.path, "--rounds",
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
