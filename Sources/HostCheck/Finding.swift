// SPDX-License-Identifier: Apache-2.0

/// One thing that was looked at, and what to do about it.
public struct Finding: Equatable, Sendable {
    /// How it stands.
    public enum Verdict: String, Sendable {
        /// As it should be.
        case ok
        /// VMs run, but something they may ask for does not.
        case warn
        /// A stock guest cannot run.
        case fail
    }

    /// What was looked at.
    public var name: String
    /// How it stands.
    public var verdict: Verdict
    /// What was found.
    public var detail: String
    /// What to do, where something is to be done.
    public var fix: String?

    /// A finding.
    public init(_ name: String, _ verdict: Verdict, _ detail: String, fix: String? = nil) {
        self.name = name
        self.verdict = verdict
        self.detail = detail
        self.fix = fix
    }
}
