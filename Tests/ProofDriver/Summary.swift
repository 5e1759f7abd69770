// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What a run came to: one line to read and one file to keep.
struct Summary {
    let proof: String
    let rounds: Int
    let seed: UInt64
    let commit: String
    let seconds: Double
    let figures: [Figure]
    let failure: String?

    var line: String {
        let counted = figures.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        let verdict = failure == nil ? "holds" : "FAILED"
        return "proof \(proof) \(verdict): rounds=\(rounds) seed=\(seed) seconds=\(tenths) \(counted)"
    }

    var json: String {
        var fields = [
            "\"proof\": \"\(proof)\"", "\"rounds\": \(rounds)", "\"seed\": \(seed)", "\"seconds\": \(tenths)",
            "\"commit\": \"\(commit)\"", "\"failures\": \(failure == nil ? 0 : 1)",
        ]
        fields += figures.map { "\"\($0.name)\": \($0.value)" }
        return "{\n" + fields.map { "  \($0)" }.joined(separator: ",\n") + "\n}\n"
    }

    /// - Throws: `Errno`.
    func save(to path: String) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        let bytes = Array(json.utf8)
        guard write(file.raw, bytes, bytes.count) == bytes.count else { throw Errno(code: errno, call: "write") }
    }

    private var tenths: String {
        let all = Int((seconds * 10).rounded())
        return "\(all / 10).\(all % 10)"
    }
}
