// SPDX-License-Identifier: Apache-2.0

/// An access to guest memory that was not made.
public enum MemoryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Some byte of the range is not RAM.
    case outOfBounds(GuestAddress, count: UInt64)

    /// One line that names the range.
    public var description: String {
        switch self {
        case .outOfBounds(let address, let count): "\(count) bytes at \(address) are not all in guest memory"
        }
    }
}
