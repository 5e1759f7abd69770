// SPDX-License-Identifier: Apache-2.0

/// What a host offers to VMs.
public struct HostReport: Equatable, Sendable {
    /// What was looked at, in the order it is shown.
    public var findings: [Finding]

    /// A report of these findings.
    public init(_ findings: [Finding]) { self.findings = findings }

    /// Whether a stock guest can run.
    public var isFit: Bool { !findings.contains { $0.verdict == .fail } }

    /// Looks at this host.
    /// - Parameter root: where `sys`, `proc` and `dev` are looked for, empty for the real ones.
    public static func make(root: String = "") -> HostReport {
        HostReport(
            KVMCheck.findings(root: root) + ProcessorCheck.findings(root: root) + MemoryCheck.findings(root: root)
                + DeviceCheck.findings(root: root) + ControlGroupCheck.findings(root: root))
    }
}
