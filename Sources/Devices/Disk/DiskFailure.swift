// SPDX-License-Identifier: Apache-2.0

public import Linux

/// An error of the host's storage that stopped the machine.
public struct DiskFailure: Equatable, Sendable {
    /// The disk's name.
    public var disk: String
    /// What the host said.
    public var error: Errno
    /// The host has no space left: what failed may succeed later without anybody's doing anything to the machine.
    public var isNoSpace: Bool { FailurePolicy.isNoSpace(error) }

    /// A failure.
    public init(disk: String, error: Errno) {
        self.disk = disk
        self.error = error
    }
}
