// SPDX-License-Identifier: Apache-2.0

import Bus

/// Reads and writes every offset around a device's range and some far away, in every size and beyond, with telling and
/// with random values.
func sweep(_ device: any BusDevice, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let offsets = Array(0..<0x100 as Range<UInt64>) + [0xFFFF, 1 << 32, UInt64.max - 8, .max]
    for offset in offsets {
        for size in [1, 2, 4, 8, 0, 3, -1, 64, Int.max] {
            for value: UInt64 in [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, .max, random.next(), random.next()] {
                device.write(offset: offset, size: size, value: value)
                _ = device.read(offset: offset, size: size)
            }
        }
    }
    for _ in 0..<50_000 {
        let offset = UInt64.random(in: 0..<0x30, using: &random)
        device.write(offset: offset, size: 1, value: random.next())
        _ = device.read(offset: UInt64.random(in: 0..<0x30, using: &random), size: 1)
    }
}
