// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HostCheck
import VMISpec

/// `apus check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what this host offers to VMs, and what to do about what it lacks.",
        discussion: "Exits with 0 only if a stock guest can run here.")

    @Flag(help: "Write JSON.")
    var json = false

    func run() throws {
        let report = HostReport.make()
        if json {
            let lines = report.findings.map { finding in
                JSONValue.object([
                    "name": .string(finding.name), "verdict": .string(finding.verdict.rawValue),
                    "detail": .string(finding.detail), "fix": finding.fix.map(JSONValue.string) ?? .null,
                ])
            }
            let value = JSONValue.object(["canRunStockGuests": .bool(report.isFit), "checks": .array(lines)])
            Output.write(value.text(indentation: 2) + "\n")
        } else {
            for finding in report.findings {
                let name = finding.name + String(repeating: " ", count: max(1, 26 - finding.name.count))
                let verdict =
                    finding.verdict.rawValue + String(repeating: " ", count: 6 - finding.verdict.rawValue.count)
                Output.write("\(verdict)\(name)\(finding.detail)\n")
                if let fix = finding.fix { Output.write("      fix: \(fix)\n") }
            }
            Output.write(report.isFit ? "A stock guest can run here.\n" : "A stock guest cannot run here.\n")
        }
        throw ExitCode(report.isFit ? 0 : 1)
    }
}
