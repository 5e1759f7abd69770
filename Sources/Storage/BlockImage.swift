// SPDX-License-Identifier: Apache-2.0

public import Linux

/// The contents of a disk: bytes at offsets. Calls wait; an engine decides on which thread.
///
/// Ranges lie below `properties.capacity`,
/// which the caller has checked; an image still answers others with an error and never with made-up data.
public protocol BlockImage: ~Copyable, Sendable {
    /// Capacity and alignment.
    var properties: ImageProperties { get }
    /// Fills the vectors from `offset` on.
    /// - Throws: `Errno` of the host's call; EIO when the image has become shorter than its capacity.
    mutating func read(_ vectors: IOSpan, at offset: UInt64) throws(Errno)
    /// Stores the vectors from `offset` on.
    /// - Throws: `Errno` of the host's call, such as ENOSPC; EROFS for a read-only image.
    mutating func write(_ vectors: IOSpan, at offset: UInt64) throws(Errno)
    /// Returns once every completed write has reached stable storage.
    /// - Throws: `Errno` of `fdatasync`.
    mutating func flush() throws(Errno)
    /// Says that the range's contents no longer matter.
    /// - Throws: `Errno`; EOPNOTSUPP when the host has no such call for this file.
    mutating func discard(at offset: UInt64, count: UInt64) throws(Errno)
    /// Makes the range read as zeros; `unmap` allows its space to be given back.
    /// - Throws: `Errno` of the host's call.
    mutating func writeZeroes(at offset: UInt64, count: UInt64, unmap: Bool) throws(Errno)
    /// Looks at the file's size again and takes it as the capacity.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    mutating func refresh() throws(Errno)
}
