// SPDX-License-Identifier: Apache-2.0

/// Why an interface cannot be connected: the field, and what is wrong and what to do in one line.
public struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The field's path, for instance `spec.domain.devices.interfaces[0]`.
    public let path: String
    /// What is wrong with it and the remedy.
    public let message: String

    /// A field at fault.
    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    /// The path and the message in one line.
    public var description: String { "\(path): \(message)" }
}
