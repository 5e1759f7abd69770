// SPDX-License-Identifier: Apache-2.0

/// The 64 Ki I/O ports: fixed once the machine is built, so that looking up takes no lock.
///
/// A port nobody answers reads as all ones and swallows writes, as on a PC.
public final class PortBus: Sendable {
    private let ranges: [BusRange]

    /// Places devices; where two overlap the earlier one answers.
    public init(_ ranges: [BusRange]) { self.ranges = ranges }

    /// Reads `size` (1, 2 or 4) bytes from a port.
    @inline(__always)
    public func read(port: UInt16, size: Int) -> UInt64 {
        for range in ranges where range.covers(UInt64(port), size: size) {
            return range.device.read(offset: UInt64(port) &- range.start, size: size)
        }
        return .max
    }

    /// Writes `size` (1, 2 or 4) bytes to a port.
    @inline(__always)
    public func write(port: UInt16, size: Int, value: UInt64) {
        for range in ranges where range.covers(UInt64(port), size: size) {
            return range.device.write(offset: UInt64(port) &- range.start, size: size, value: value)
        }
    }
}
