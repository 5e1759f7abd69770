// SPDX-License-Identifier: Apache-2.0

public import Glibc

/// A borrowed run of `struct iovec`, consumed from its front as bytes are transferred.
///
/// The entries belong to their maker and are never changed; the span only remembers how far it has got. No operation
/// traps on what the entries say, and none allocates.
@safe
public struct IOSpan: @unchecked Sendable {
    /// The first entry that still has bytes.
    public private(set) var base: UnsafeMutablePointer<iovec>
    /// Number of entries left.
    public private(set) var count: Int
    /// Bytes of the first entry that are already consumed.
    public private(set) var skip = 0

    /// Borrows `count` entries that describe valid memory; both outlive every copy of this value.
    @unsafe
    @inline(__always)
    public init(base: UnsafeMutablePointer<iovec>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// Bytes left; a sum beyond 2^63 is reported as `Int.max`.
    @inline(__always)
    public var byteCount: Int {
        var sum = 0
        // SAFETY: every index stays below `count`.
        for i in 0..<count {
            let (next, overflow) = sum.addingReportingOverflow(unsafe max(base[i].iov_len, 0))
            if overflow { return Int.max }
            sum = next
        }
        return sum &- skip
    }

    /// What is left of the first entry; empty when nothing is left.
    @inline(__always)
    public var first: UnsafeMutableRawBufferPointer {
        guard count > 0, let start = unsafe base.pointee.iov_base else {
            return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        // SAFETY: `skip` is below the entry's length, or both are zero.
        return unsafe UnsafeMutableRawBufferPointer(
            start: start + skip, count: max(base.pointee.iov_len &- skip, 0))
    }

    /// Whether every address and every length is a multiple of `alignment` (a power of two).
    @inline(__always)
    public func isAligned(to alignment: Int) -> Bool {
        let mask = UInt(truncatingIfNeeded: alignment &- 1)
        var all = UInt(bitPattern: skip)
        for i in 0..<count {
            all |= unsafe UInt(bitPattern: base[i].iov_base) | UInt(bitPattern: base[i].iov_len)
        }
        return all & mask == 0
    }

    /// Consumes `bytes` and every empty entry behind them; more than there is leaves nothing.
    @inline(__always)
    public mutating func consume(_ bytes: Int) {
        var at = skip &+ max(bytes, 0)
        // SAFETY: the entry at `base` exists while `count` is positive.
        while count > 0 {
            let length = unsafe max(base.pointee.iov_len, 0)
            if at < length { break }
            at &-= length
            unsafe base += 1
            count &-= 1
        }
        skip = count > 0 ? at : 0
    }

    /// Moves bytes from the front into `target`, consumes them, and says how many there were.
    public mutating func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        var done = 0
        consume(0)
        // SAFETY: each copy is bounded by the entry's rest and by what is left of the target.
        while count > 0, done < target.count {
            let part = unsafe min(first.count, target.count &- done)
            if let to = target.baseAddress, let from = unsafe first.baseAddress {
                unsafe memcpy(to + done, from, part)
            }
            done &+= part
            consume(part)
        }
        return done
    }

    /// Fills the front from `source`, consumes what was filled, and says how many bytes went.
    public mutating func write(_ source: UnsafeRawBufferPointer) -> Int {
        var done = 0
        consume(0)
        // SAFETY: each copy is bounded by the entry's rest and by what is left of the source.
        while count > 0, done < source.count {
            let part = unsafe min(first.count, source.count &- done)
            if let from = source.baseAddress, let to = unsafe first.baseAddress {
                unsafe memcpy(to, from + done, part)
            }
            done &+= part
            consume(part)
        }
        return done
    }

    /// Fills all that is left with zeros and consumes it.
    public mutating func clear() {
        consume(0)
        while count > 0 {
            let part = unsafe first.count
            if let to = unsafe first.baseAddress { unsafe memset(to, 0, part) }
            consume(part)
        }
    }
}
