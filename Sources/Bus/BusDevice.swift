// SPDX-License-Identifier: Apache-2.0

/// Something that answers reads and writes of a range of ports or of memory-mapped registers.
///
/// Several vCPU threads may call at once: a device guards its own state. Sizes are 1, 2, 4 or 8 bytes; values are
/// little-endian and zero-extended. Offsets count from the start of the range the device was placed at.
public protocol BusDevice: AnyObject, Sendable {
    /// What the guest reads; bits above `size` bytes are ignored.
    func read(offset: UInt64, size: Int) -> UInt64
    /// What the guest writes.
    func write(offset: UInt64, size: Int, value: UInt64)
}
