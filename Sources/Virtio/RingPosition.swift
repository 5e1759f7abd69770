// SPDX-License-Identifier: Apache-2.0

/// A place in a packed ring: the entry's number in bits 0 to 14 and, in bit 15, the wrap counter that was in force when
/// it was reached, as event suppression structures and vhost write it (virtio 1.2 §2.8.1 and §2.8.14).
public struct RingPosition: Equatable, Sendable, BitwiseCopyable {
    /// Where both sides begin: entry 0, wrap counters 1.
    public static let start: UInt16 = 0x8000

    /// Entry and wrap counter.
    public let raw: UInt16

    /// A position from its stored form.
    @inline(__always)
    public init(raw: UInt16) { self.raw = raw }

    /// Number of the entry.
    @inline(__always)
    public var entry: UInt16 { raw & 0x7FFF }

    /// The wrap counter.
    @inline(__always)
    public var wrap: Bool { raw & 0x8000 != 0 }

    /// The position `count` entries on, at most a whole turn, in a ring of `size` entries.
    @inline(__always)
    public func advanced(by count: UInt16, size: UInt16) -> RingPosition {
        // Entry and count are at most 32767 and 32768: the sum fits. A branch, not a conditional move: most steps do not
        // wrap, and the next one need not wait for the comparison.
        if _fastPath(entry &+ count < size) { return RingPosition(raw: raw &+ count) }
        return RingPosition(raw: (entry &+ count &- size) | (raw ^ 0x8000) & 0x8000)
    }

    /// The position `count` entries back, at most a whole turn.
    @inline(__always)
    public func retreated(by count: UInt16, size: UInt16) -> RingPosition {
        entry >= count
            ? RingPosition(raw: raw &- count)
            : RingPosition(raw: (entry &+ size &- count) | (raw ^ 0x8000) & 0x8000)
    }

    /// How many entries this position is ahead of another that lies less than two turns behind it.
    ///
    /// One that is ahead of this one in the same turn is behind it by a negative number.
    @inline(__always)
    func distance(from other: RingPosition, size: UInt16) -> Int {
        Int(entry) &- Int(other.entry) &+ (wrap == other.wrap ? 0 : Int(size))
    }
}
