// SPDX-License-Identifier: Apache-2.0

/// One entry of the machine's memory map.
public struct MemoryRange {
    /// First address.
    public let start: UInt64
    /// Length in bytes.
    public let bytes: UInt64
    /// E820 type: 1 is RAM.
    public let kind: UInt32

    /// A range of RAM, or of another E820 type.
    public init(start: UInt64, bytes: UInt64, kind: UInt32 = 1) {
        self.start = start
        self.bytes = bytes
        self.kind = kind
    }

    /// First address after the range.
    public var end: UInt64 { start + bytes }
    /// Whether the guest may use it.
    public var isRAM: Bool { kind == 1 }
}
