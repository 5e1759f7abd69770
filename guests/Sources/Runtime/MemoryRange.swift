// SPDX-License-Identifier: Apache-2.0

/// One entry of the machine's memory map.
public struct MemoryRange {
    /// First address.
    public let start: UInt64
    /// Length in bytes.
    public let bytes: UInt64
    /// E820 type: 1 is RAM.
    public let kind: UInt32

    /// First address after the range.
    public var end: UInt64 { start + bytes }
    /// Whether the guest may use it.
    public var isRAM: Bool { kind == 1 }
}
