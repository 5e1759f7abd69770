// SPDX-License-Identifier: Apache-2.0

/// What the guest says of its own memory (virtio 1.2 §5.5.6.4); what it did not tell is nil.
///
/// The guest makes these numbers up as it likes: they are for people and metrics, not for decisions.
public struct BalloonStatistics: Equatable, Sendable {
    /// VIRTIO_BALLOON_S_*, in the order of their tags.
    public enum Tag: UInt16, CaseIterable, Sendable {
        /// Bytes swapped in.
        case swapIn = 0
        /// Bytes swapped out.
        case swapOut
        /// Page faults that needed a disk.
        case majorFaults
        /// Page faults that did not.
        case minorFaults
        /// Bytes not used for anything.
        case free
        /// Bytes the guest has.
        case total
        /// Bytes that a program could still get without swapping.
        case available
        /// Bytes of caches that can be dropped.
        case caches
        /// Huge pages allocated.
        case hugePages
        /// Huge pages that could not be had.
        case hugePageFailures
    }

    private var values: [UInt64?] = Array(repeating: nil, count: Tag.allCases.count)

    /// Nothing told.
    public init() {}

    /// A number, by its tag.
    public subscript(_ tag: Tag) -> UInt64? {
        get { values[Int(tag.rawValue)] }
        set { values[Int(tag.rawValue)] = newValue }
    }
}
