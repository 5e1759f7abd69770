// SPDX-License-Identifier: Apache-2.0

/// Why a file that a manifest names cannot be used: the field, and what is wrong and what to do in one line.
public struct VolumeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The field's path, for instance `spec.volumes[1].persistentVolumeClaim`.
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
