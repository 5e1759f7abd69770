// SPDX-License-Identifier: Apache-2.0

extension Launcher {
    /// Waits for the end and holds what every proof promises: the guest is content, switched its power off, the launcher
    /// ended with status 0, made no forbidden system call and complained of nothing.
    /// - Throws: `ProofFailure`.
    mutating func endsWell(_ payload: String, saying line: String? = nil) throws {
        let status = try end()
        let text = consoleText
        guard complaints.isEmpty else { throw ProofFailure("the launcher complained: \(story)") }
        guard status == 0 else { throw ProofFailure("the launcher ended with status \(status): \(story)") }
        guard events.last == .guestShutdown else { throw ProofFailure("the last event is not guestShutdown: \(story)") }
        guard text.contains("apus-guest \(payload) done ok") else { throw ProofFailure("the guest failed: \(story)") }
        guard !text.contains("done fail"), !text.contains("apus-guest fault") else {
            throw ProofFailure("the guest failed before: \(text)")
        }
        if let line, !text.contains(line) { throw ProofFailure("the guest never said '\(line)': \(story)") }
    }
}
