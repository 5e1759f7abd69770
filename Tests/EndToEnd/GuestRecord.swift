// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a guest and its launcher left: the console, the launcher's words, its status and its threads.
struct GuestRecord: Sendable {
    let name: String
    /// The console, a line each.
    let lines: [String]
    let errors: String
    let status: Int32
    /// How long it ran at most, in seconds.
    let seconds: Int
    /// `/proc/PID/task/*/status` while the guest ran, a dictionary each.
    let threads: [[String: String]]

    init(_ name: String, in host: NestedHost) throws {
        self.name = name
        lines = try host.text("\(name).console").split(whereSeparator: \.isNewline).map(String.init)
        errors = try host.text("\(name).errors")
        let status = try host.text("\(name).status").trimmingCharacters(in: .whitespacesAndNewlines)
        guard let status = Int32(status) else { throw Unmet("\(name).status is '\(status)'") }
        self.status = status
        seconds =
            (try? host.text("\(name).seconds")).flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            } ?? 0
        var threads: [[String: String]] = []
        for line in (try? host.text("\(name).threads"))?.split(separator: "\n") ?? [] {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard let key = parts.first else { continue }
            if key == "Name" { threads.append([:]) }
            if !threads.isEmpty { threads[threads.count - 1][key] = parts.count > 1 ? parts[1] : "" }
        }
        self.threads = threads
    }

    /// The lines of the guest's report of one kind, without the kind.
    func report(_ kind: String) -> [String] {
        lines.filter { $0.hasPrefix("APUS-\(kind) ") }.map { String($0.dropFirst(kind.count + 6)) }
    }

    /// The fields `key=value` of the one line of a kind that begins with `first`.
    func fields(_ kind: String, _ first: String) -> [String: String] {
        guard let line = report(kind).first(where: { $0 == first || $0.hasPrefix("\(first) ") }) else { return [:] }
        return Self.fields(line)
    }

    static func fields(_ line: String) -> [String: String] {
        var fields: [String: String] = [:]
        for word in line.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        return fields
    }

    /// The tests that the guest ran, and those of them that failed.
    var tests: (passed: [String], failed: [String]) {
        let all = report("TEST")
        return (
            all.filter { $0.contains(" PASS ") }.compactMap { $0.split(separator: " ").first.map(String.init) },
            all.filter { !$0.contains(" PASS ") }
        )
    }

    /// What the kernel complained of, but for what every machine without that hardware hears, and what it says of a
    /// machine that is emulated and therefore slow, or whose PCI devices belong to no NUMA node.
    var complaints: [String] {
        let expected = [
            "amd_pstate: the _CPC object is not present", "hrtimer: interrupt took",
            "clocksource: Long readout interval",
            "pci_bus 0000:00: Unknown NUMA node",
        ]
        return (report("DMESG-ERROR") + report("DMESG-WARNING")).filter { line in
            !expected.contains { line.contains($0) }
        }
    }
}
