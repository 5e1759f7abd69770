// SPDX-License-Identifier: Apache-2.0

public import Bus

/// A device of 8-bit registers on the ISA bus, which splits wider accesses into bytes at rising addresses.
public protocol ByteRegisters: BusDevice {
    /// What the guest reads at an offset.
    func read(byte offset: UInt64) -> UInt8
    /// What the guest writes at an offset.
    func write(byte offset: UInt64, value: UInt8)
}

extension ByteRegisters {
    /// Reads `size` registers, the lowest first.
    @inline(__always)
    public func read(offset: UInt64, size: Int) -> UInt64 {
        if size == 1 { return UInt64(read(byte: offset)) }
        var value: UInt64 = 0
        for i in 0..<UInt64(min(max(size, 0), 8)) { value |= UInt64(read(byte: offset &+ i)) << (8 * i) }
        return value
    }

    /// Writes `size` registers, the lowest first.
    @inline(__always)
    public func write(offset: UInt64, size: Int, value: UInt64) {
        if size == 1 { return write(byte: offset, value: UInt8(truncatingIfNeeded: value)) }
        for i in 0..<UInt64(min(max(size, 0), 8)) {
            write(byte: offset &+ i, value: UInt8(truncatingIfNeeded: value >> (8 * i)))
        }
    }
}
