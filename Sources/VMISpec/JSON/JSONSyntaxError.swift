// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not one JSON value, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The offset of the first byte that does not fit, counted from zero.
    public let offset: Int

    /// The line of that byte, counted from one.
    public let line: Int

    /// The column of that byte in its line, in bytes, counted from one.
    public let column: Int

    /// What is wrong and what would be right.
    public let message: String

    /// One line: `line 3, column 9: …`.
    public var description: String { "line \(line), column \(column): \(message)" }
}
