// SPDX-License-Identifier: Apache-2.0

/// A physical address as the guest sees it.
public struct GuestAddress: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The address itself, in bytes from zero.
    public let rawValue: UInt64

    /// Wraps an address.
    @inline(__always)
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Wraps an address.
    @inline(__always)
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Lower addresses come first.
    @inline(__always)
    public static func < (a: GuestAddress, b: GuestAddress) -> Bool { a.rawValue < b.rawValue }

    /// The address `bytes` further up, or nil beyond the 64-bit space.
    @inline(__always)
    public func advanced(by bytes: UInt64) -> GuestAddress? {
        let (sum, overflow) = rawValue.addingReportingOverflow(bytes)
        return overflow ? nil : GuestAddress(sum)
    }

    /// Hexadecimal with a leading 0x.
    public var description: String { "0x" + String(rawValue, radix: 16) }
}
