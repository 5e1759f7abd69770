// SPDX-License-Identifier: Apache-2.0

import Runtime

/// An Ethernet frame in memory; numbers are big-endian.
struct Frame {
    static let broadcast: UInt64 = 0xFFFF_FFFF_FFFF
    let address: UInt64
    let length: Int

    /// A big-endian number of up to 8 bytes; 0 where the frame has ended.
    func number(_ offset: Int, _ bytes: Int) -> UInt64 {
        guard offset + bytes <= length else { return 0 }
        var value: UInt64 = 0
        for index in 0..<bytes { value = value << 8 | UInt64(Physical.read8(address + UInt64(offset + index))) }
        return value
    }

    /// Writes a big-endian number.
    func set(_ offset: Int, _ bytes: Int, _ value: UInt64) {
        guard offset + bytes <= length else { return }
        for index in 0..<bytes {
            let shift = UInt64(8 * (bytes - 1 - index))
            Physical.write8(address + UInt64(offset + index), UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    var destination: UInt64 { number(0, 6) }
    var source: UInt64 { number(6, 6) }
    var type: UInt64 { number(12, 2) }

    /// A copy elsewhere.
    func copy(to target: UInt64) -> Frame {
        if let to = Physical.pointer(target), let from = Physical.pointer(address) {
            to.copyMemory(from: from, byteCount: length)
        }
        return Frame(address: target, length: length)
    }

    /// The Internet checksum of a part (RFC 1071).
    func checksum(_ range: Range<Int>) -> UInt64 {
        var sum: UInt64 = 0
        var offset = range.lowerBound
        while offset < range.upperBound {
            sum += offset + 1 < range.upperBound ? number(offset, 2) : number(offset, 1) << 8
            offset += 2
        }
        while sum >> 16 != 0 { sum = sum & 0xFFFF + sum >> 16 }
        return ~sum & 0xFFFF
    }
}
