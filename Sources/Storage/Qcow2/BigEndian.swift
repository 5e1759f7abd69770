// SPDX-License-Identifier: Apache-2.0

/// Numbers in big-endian bytes, as qcow2 has them everywhere.
enum BigEndian {
    /// The number at `offset`; nil where the bytes end before it does.
    static func load<T: FixedWidthInteger & UnsignedInteger>(_: T.Type, _ bytes: [UInt8], _ offset: Int) -> T? {
        let count = T.bitWidth / 8
        guard offset >= 0, bytes.count >= count, offset <= bytes.count - count else { return nil }
        var value: T = 0
        for byte in bytes[offset..<offset + count] { value = value << 8 | T(byte) }
        return value
    }

    /// The bytes of a number.
    static func bytes<T: FixedWidthInteger & UnsignedInteger>(_ value: T) -> [UInt8] {
        (0..<T.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// The 64-bit number at a multiple of eight bytes.
    @inline(__always)
    static func word(_ base: UnsafeRawPointer, _ index: Int) -> UInt64 {
        // SAFETY: the caller owns `index + 1` words at `base`.
        unsafe UInt64(bigEndian: base.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self))
    }

    /// Stores a 64-bit number at a multiple of eight bytes.
    @inline(__always)
    static func store(_ value: UInt64, _ base: UnsafeMutableRawPointer, _ index: Int) {
        // SAFETY: as for `word`.
        unsafe base.storeBytes(of: value.bigEndian, toByteOffset: index &* 8, as: UInt64.self)
    }
}
