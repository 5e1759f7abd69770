// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One thread of a process as `/proc` shows it.
struct TaskStatus {
    /// The fields of `/proc/PID/task/TID/status`.
    let fields: [String: String]
    var name: String { fields["Name"] ?? "" }

    /// Every thread of a process.
    static func all(of processID: pid_t) throws -> [TaskStatus] {
        let folder = "/proc/\(processID)/task"
        return try FileManager.default.contentsOfDirectory(atPath: folder).map {
            try TaskStatus("\(folder)/\($0)/status")
        }
    }

    /// The process itself.
    static func process(_ processID: pid_t) throws -> TaskStatus { try TaskStatus("/proc/\(processID)/status") }

    private init(_ path: String) throws {
        var fields: [String: String] = [:]
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        self.fields = fields
    }

    /// A field in kB, in bytes.
    func bytes(_ field: String) -> Int {
        fields[field].flatMap { $0.split(separator: " ").first }.flatMap { Int($0) }.map { $0 << 10 } ?? 0
    }
}
