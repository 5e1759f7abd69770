// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

extension RTCState {
    /// Writes the memory sizes where firmware looks for them when nobody else tells.
    mutating func setMemorySize(_ layout: RAMLayout) {
        // 0x15: KiB below 640 KiB. 0x17 and 0x30: KiB above 1 MiB. 0x34: 64 KiB units above 16 MiB and below the hole.
        // 0x5B: 64 KiB units above 4 GiB, 24 bits.
        store(min(layout.lowEnd >> 10, 640), at: 0x15, count: 2)
        let extended = min(layout.lowEnd > 1 << 20 ? (layout.lowEnd - 1 << 20) >> 10 : 0, 0xFFFF)
        store(extended, at: 0x17, count: 2)
        store(extended, at: 0x30, count: 2)
        store(min(layout.lowEnd > 16 << 20 ? (layout.lowEnd - 16 << 20) >> 16 : 0, 0xFFFF), at: 0x34, count: 2)
        store(min((layout.bytes - layout.lowEnd) >> 16, 0xFF_FFFF), at: 0x5B, count: 3)
    }

    private mutating func store(_ value: UInt64, at index: Int, count: Int) {
        for i in 0..<count { bytes[index + i] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(i))) }
    }
}
