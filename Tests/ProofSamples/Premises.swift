// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the samples run with, and why they cannot.
enum Premises {
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
}
