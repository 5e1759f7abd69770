// SPDX-License-Identifier: Apache-2.0

public import GuestMemory

/// A rule of the ring that the driver broke.
///
/// Consequence: the worker stops using that queue and tells `TransportPort.needsReset`; the process goes on.
public enum QueueError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The size is zero, above 32768, or no power of two in a split ring (virtio 1.2 §2.7 and §2.8.10.1).
    case size(UInt16)
    /// An area of the queue is not aligned (§2.7 and §2.8.10).
    case misaligned(GuestAddress)
    /// Some byte of a ring, table or buffer is not RAM.
    case notMemory(GuestAddress, count: UInt64)
    /// The available index ran further ahead than the queue is long (§2.7.13.1).
    case availableIndex(UInt16, next: UInt16)
    /// A position to go on from is beyond the end of a packed ring.
    case position(UInt16)
    /// A descriptor number is not below the table's length.
    case descriptorIndex(UInt16)
    /// The chain has more descriptors than the queue, or loops (§2.7.5.1 and §2.8.21).
    case chainTooLong
    /// The chain holds 2^32 bytes or more (§2.7.5.1).
    case chainTooLarge
    /// A readable descriptor follows a writable one (§2.7.4.2).
    case readableAfterWritable
    /// An indirect table was not negotiated, is nested, is followed by others (or, in a packed ring, follows others), or
    /// is no multiple of 16 bytes (§2.7.5.3, §2.8.5 and §2.8.7).
    case indirectTable

    /// One line that names the rule.
    public var description: String {
        switch self {
        case .size(let size): "Queue size \(size) is not a size up to 32768 that the ring's layout allows"
        case .misaligned(let at): "The queue's area at \(at) is not aligned"
        case .notMemory(let at, let count): "\(count) bytes at \(at) are not all in guest memory"
        case .availableIndex(let index, let next): "The available index \(index) is too far ahead of \(next)"
        case .position(let raw): "The position \(raw & 0x7FFF) is beyond the ring's end"
        case .descriptorIndex(let index): "Descriptor \(index) is beyond its table"
        case .chainTooLong: "A descriptor chain is longer than its queue"
        case .chainTooLarge: "A descriptor chain holds 4 GiB or more"
        case .readableAfterWritable: "A readable descriptor follows a writable one"
        case .indirectTable: "An indirect table is not allowed here or has a bad length"
        }
    }
}
