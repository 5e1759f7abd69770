// SPDX-License-Identifier: Apache-2.0

/// One thing about a manifest that has to be told, with the field it is about.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// The field, as `spec.domain.devices.disks[0].disk.bus`; empty when it is about the whole document.
    public let path: String

    /// What is wrong and what works instead; one line.
    public let message: String

    /// A problem with a field.
    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// One line: `spec.domain.cpu.cores: must be at least 1`.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
