// SPDX-License-Identifier: Apache-2.0

/// A command descriptor block: up to 32 bytes, multi-byte fields big-endian (SPC-4 §4.2).
struct CommandBlock: Sendable {
    private var bytes = InlineArray<32, UInt8>(repeating: 0)

    /// A block of these bytes, filled up with zeros.
    init(_ bytes: [UInt8] = []) {
        for (i, byte) in bytes.prefix(32).enumerated() { self.bytes[i] = byte }
    }

    /// A byte; 0 behind the end.
    @inline(__always)
    subscript(i: Int) -> UInt8 {
        get { i >= 0 && i < 32 ? bytes[i] : 0 }
        set { if i >= 0, i < 32 { bytes[i] = newValue } }
    }

    /// The operation code.
    @inline(__always) var operation: UInt8 { bytes[0] }
    /// The service action of commands that have one in the second byte.
    var action: UInt8 { bytes[1] & 0x1F }

    @inline(__always)
    func half(_ i: Int) -> UInt16 { UInt16(self[i]) << 8 | UInt16(self[i &+ 1]) }
    @inline(__always)
    func word(_ i: Int) -> UInt32 { UInt32(half(i)) << 16 | UInt32(half(i &+ 2)) }
    @inline(__always)
    func double(_ i: Int) -> UInt64 { UInt64(word(i)) << 32 | UInt64(word(i &+ 4)) }
}
