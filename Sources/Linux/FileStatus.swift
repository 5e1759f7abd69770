// SPDX-License-Identifier: Apache-2.0

/// What `fstat` says about an open file.
public struct FileStatus: Sendable, Equatable {
    /// The kinds of file that can hold a disk, a kernel or an initrd, and all others.
    public enum Kind: Sendable { case regular, blockDevice, other }

    /// The file's kind.
    public let kind: Kind
    /// Size in bytes; 0 for other kinds.
    public let bytes: UInt64
}
