// SPDX-License-Identifier: Apache-2.0

/// A configuration that makes no sense: the field and the rule it breaks.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The field's path, for instance `disks[1].serial`.
    public let path: String
    /// What the field must be, in a few words.
    public let rule: String

    /// A field that breaks a rule.
    public init(_ path: String, _ rule: String) {
        self.path = path
        self.rule = rule
    }

    /// The path and the rule in one line.
    public var description: String { "\(path): \(rule)" }
}
