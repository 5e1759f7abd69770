// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The guests of `guests/`, built by `guests/build` into `.build/guests`.
enum GuestPayload {
    private struct Unbuilt: Error {}

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Builds what is missing or old, once a run.
    private static let build: Result<Void, any Error> = Result {
        let process = Process()
        process.executableURL = root.appendingPathComponent("guests/build")
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unbuilt() }
    }

    /// The ELF file of a payload.
    static func path(_ name: String) throws -> String {
        try build.get()
        let path = root.appendingPathComponent(".build/guests/\(name).elf").path
        try #require(FileManager.default.fileExists(atPath: path), "\(path) is missing: run guests/build")
        return path
    }
}
