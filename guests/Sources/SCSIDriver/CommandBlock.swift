// SPDX-License-Identifier: Apache-2.0

/// The command blocks of transfers, in their ten-byte form (SBC-3 §5).
enum CommandBlock {
    static func read(_ first: UInt64, _ blocks: UInt64) -> [UInt8] { ten(0x28, 0, first, blocks) }
    static func write(_ first: UInt64, _ blocks: UInt64, durable: Bool = false) -> [UInt8] {
        ten(0x2A, durable ? 8 : 0, first, blocks)
    }
    static func ten(_ code: UInt8, _ flags: UInt8, _ first: UInt64, _ blocks: UInt64) -> [UInt8] {
        var block = [code, flags]
        for shift in [UInt64(24), 16, 8, 0] { block.append(UInt8(truncatingIfNeeded: first >> shift)) }
        block.append(0)
        block.append(UInt8(truncatingIfNeeded: blocks >> 8))
        block.append(UInt8(truncatingIfNeeded: blocks))
        block.append(0)
        return block
    }
}
