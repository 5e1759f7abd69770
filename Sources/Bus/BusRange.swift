// SPDX-License-Identifier: Apache-2.0

/// A device and the addresses it answers to.
public struct BusRange: Sendable {
    /// First address.
    public let start: UInt64
    /// Number of addresses.
    public let count: UInt64
    /// Who answers.
    public let device: any BusDevice

    /// Places a device.
    public init(start: UInt64, count: UInt64, device: any BusDevice) {
        self.start = start
        self.count = count
        self.device = device
    }

    /// Whether all `size` bytes at `address` belong to the device.
    @inline(__always)
    func covers(_ address: UInt64, size: Int) -> Bool {
        address >= start && address &- start < count && UInt64(size) <= count &- (address &- start)
    }

    /// Whether two ranges share an address.
    func overlaps(start other: UInt64, count otherCount: UInt64) -> Bool {
        guard count > 0, otherCount > 0 else { return false }
        return start <= other &+ (otherCount &- 1) && other <= start &+ (count &- 1)
    }
}
