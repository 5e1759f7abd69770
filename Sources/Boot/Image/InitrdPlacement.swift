// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// Finds the place of an initrd: as high as the kernel accepts, page-aligned, off the kernel.
struct InitrdPlacement {
    /// The first address the initrd must not touch as long as it lies below 4 GiB.
    var limit: UInt64
    /// Whether it may lie above 4 GiB when there is no place below.
    var above4GiB: Bool
    /// What the kernel needs.
    var kernel: Range<UInt64>
    /// Where usable RAM below 4 GiB ends.
    var lowEnd: UInt64
    /// Guest RAM.
    var memory: RAMLayout

    /// The address for `bytes` bytes.
    /// - Throws: `BootError.initrdDoesNotFit`.
    func address(for bytes: UInt64) throws(BootError) -> UInt64 {
        let top = min(limit, lowEnd)
        if let start = Self.highest(bytes, below: top), start >= max(kernel.upperBound, FirstMegabyte.end) {
            return start
        }
        if let start = Self.highest(bytes, below: min(top, kernel.lowerBound)), start >= FirstMegabyte.end {
            return start
        }
        if above4GiB, let start = Self.highest(bytes, below: memory.end), start >= PhysicalMap.highRAMStart {
            return start
        }
        throw .initrdDoesNotFit(bytes: bytes, below: above4GiB ? memory.end : top, memory: memory.bytes)
    }

    private static func highest(_ bytes: UInt64, below top: UInt64) -> UInt64? {
        bytes <= top ? (top - bytes) & ~0xFFF : nil
    }
}
