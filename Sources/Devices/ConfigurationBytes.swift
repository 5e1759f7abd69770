// SPDX-License-Identifier: Apache-2.0

/// A virtio device's configuration structure: little-endian fields at fixed offsets (virtio 1.2 §2.5).
struct ConfigurationBytes {
    private var bytes: [UInt8]

    /// A structure of `count` zero bytes.
    init(count: Int) { bytes = [UInt8](repeating: 0, count: max(count, 0)) }

    /// Places a field; what lies beyond the end is left out.
    mutating func put<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at offset: Int) {
        var rest = UInt64(truncatingIfNeeded: value)
        for i in offset..<(offset + T.bitWidth / 8) where bytes.indices.contains(i) {
            bytes[i] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
    }

    /// Reads `size` bytes; bytes outside the structure are zero.
    func read(at offset: Int, size: Int) -> UInt64 {
        guard offset >= 0, offset < bytes.count, size > 0 else { return 0 }
        var value: UInt64 = 0
        for i in (0..<min(size, 8)).reversed() {
            value = value << 8 | (offset + i < bytes.count ? UInt64(bytes[offset + i]) : 0)
        }
        return value
    }
}
