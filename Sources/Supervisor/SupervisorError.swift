// SPDX-License-Identifier: Apache-2.0

/// Why an instance cannot be run or a request not be carried out, in one line that names the field or file and the
/// remedy.
public struct SupervisorError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line.
    public let description: String

    /// An error told in one line.
    public init(_ description: String) { self.description = description }

    /// An error in a field of the manifest.
    public init(_ path: String, _ message: String) { description = "\(path): \(message)" }
}
