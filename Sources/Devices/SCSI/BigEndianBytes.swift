// SPDX-License-Identifier: Apache-2.0

/// Data a unit makes up: bytes and big-endian fields one behind the other.
struct BigEndianBytes {
    private(set) var bytes: [UInt8] = []

    mutating func put<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
        }
    }

    mutating func put(_ more: [UInt8]) { bytes += more }

    /// ASCII, cut or filled up with spaces to `count` bytes.
    mutating func put(_ text: String, count: Int) {
        let printable = text.utf8.prefix(count).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }
        bytes += printable + [UInt8](repeating: 0x20, count: max(count - printable.count, 0))
    }

    mutating func zeros(_ count: Int) { bytes += [UInt8](repeating: 0, count: max(count, 0)) }

    /// Zeros up to this many bytes in all.
    mutating func fill(to count: Int) { zeros(count - bytes.count) }

    /// Overwrites two bytes, once they are known.
    mutating func set(_ value: Int, at offset: Int, width: Int) {
        for i in 0..<width where bytes.indices.contains(offset + i) {
            bytes[offset + i] = UInt8(truncatingIfNeeded: value >> (8 * (width - 1 - i)))
        }
    }
}
