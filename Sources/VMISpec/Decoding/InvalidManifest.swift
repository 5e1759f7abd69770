// SPDX-License-Identifier: Apache-2.0

/// All that is wrong with a manifest.
public struct InvalidManifest: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one problem, in the order of the fields.
    public let problems: [Problem]

    /// Problems found.
    public init(problems: [Problem]) {
        self.problems = problems
    }

    /// One line a problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
