// SPDX-License-Identifier: Apache-2.0

/// Little-endian composition of wire structures, byte by byte so that no alignment or host order matters.
extension [UInt8] {
    /// Appends `value` with its least significant byte first.
    mutating func append<T: FixedWidthInteger>(le value: T) {
        var rest = value
        for _ in 0..<MemoryLayout<T>.size {
            append(UInt8(truncatingIfNeeded: rest))
            rest = rest >> 8
        }
    }

    /// Appends exactly `count` bytes: the ASCII of `text`, cut or padded with `padding`.
    mutating func append(ascii text: String, count: Int, padding: UInt8 = 0) {
        let bytes = text.utf8.prefix(count)
        append(contentsOf: bytes)
        append(contentsOf: repeatElement(padding, count: count - bytes.count))
    }

    /// Overwrites the bytes at `offset`; the structure was sized by the caller, so the range exists.
    mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        var rest = value
        for index in 0..<MemoryLayout<T>.size {
            self[offset + index] = UInt8(truncatingIfNeeded: rest)
            rest = rest >> 8
        }
    }

    /// Reads a little-endian integer, or nil where the bytes end too early.
    func load<T: FixedWidthInteger & UnsignedInteger>(_: T.Type, at offset: Int) -> T? {
        guard offset >= 0, offset <= count, count - offset >= MemoryLayout<T>.size else { return nil }
        var value: T = 0
        for index in (0..<MemoryLayout<T>.size).reversed() {
            value = value << 8 | T(truncatingIfNeeded: self[offset + index])
        }
        return value
    }

    /// The byte that makes the sum of all bytes zero modulo 256.
    var checksum: UInt8 { 0 &- reduce(0, &+) }
}
