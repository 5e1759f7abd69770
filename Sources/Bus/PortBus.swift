// SPDX-License-Identifier: Apache-2.0

/// The 64 Ki I/O ports: fixed once the machine is built, so that looking up takes no lock.
///
/// A port nobody answers reads as all ones and swallows writes, as on a PC.
public final class PortBus: Sendable {
    @usableFromInline let first: PortRoute?

    /// Places devices; where two overlap the earlier one answers, and the earlier ones are found sooner.
    public init(_ ranges: [BusRange]) {
        first = ranges.reversed().reduce(nil) { PortRoute($1, next: $0) }
    }

    /// Reads `size` (1, 2 or 4) bytes from a port.
    @inlinable @inline(__always)
    public func read(port: UInt16, size: Int) -> UInt64 {
        first?.read(port: UInt64(port), size: size) ?? .max
    }

    /// Writes `size` (1, 2 or 4) bytes to a port.
    @inlinable @inline(__always)
    public func write(port: UInt16, size: Int, value: UInt64) {
        first?.write(port: UInt64(port), size: size, value: value)
    }
}
