// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HostCheck

@Suite("What a host offers")
struct HostReportTests {
    @Test("a host without KVM cannot run a guest, and each failure has a fix")
    func absent() throws {
        let report = HostReport.make(root: "/nonexistent")
        #expect(!report.isFit)
        let device = try #require(report.findings.first { $0.name == "/dev/kvm" })
        #expect(device.verdict == .fail)
        for finding in report.findings where finding.verdict == .fail { #expect(finding.fix != nil, "\(finding.name)") }
    }

    @Test("warnings alone do not make a host unfit")
    func warnings() {
        #expect(HostReport([Finding("a", .ok, ""), Finding("b", .warn, "")]).isFit)
        #expect(!HostReport([Finding("a", .ok, ""), Finding("b", .fail, "")]).isFit)
    }
}
