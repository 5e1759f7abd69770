// SPDX-License-Identifier: Apache-2.0

import Record

/// How much a line of the log matters.
public enum LogLevel: String, RecordField, Sendable {
    /// For those who work on the launcher.
    case debug
    /// A change of state an operator may want to know.
    case info
    /// Something is not as it should be and the machine goes on.
    case warning
    /// Something failed.
    case error
}
