// SPDX-License-Identifier: Apache-2.0

import Runtime

/// A frame whose payload follows from its sequence number: EtherType 0x88b5 (local experiments), magic, sequence, pattern.
enum TestFrame {
    static let type: UInt64 = 0x88B5
    static let smallest = 60
    private static let magic: UInt64 = 0xA905_F4A3

    /// Writes one and gives its length.
    static func write(_ address: UInt64, to destination: UInt64, from source: UInt64, sequence: UInt64, bytes: Int)
        -> Int
    {
        let frame = Frame(address: address, length: bytes)
        frame.set(0, 6, destination)
        frame.set(6, 6, source)
        frame.set(12, 2, type)
        frame.set(14, 4, magic)
        frame.set(18, 8, sequence)
        for offset in 26..<bytes { Physical.write8(address + UInt64(offset), byte(sequence, offset)) }
        return bytes
    }

    /// The sequence number of a frame of ours.
    static func sequence(_ frame: Frame) -> UInt64? {
        guard frame.length >= smallest, frame.type == type, frame.number(14, 4) == magic else { return nil }
        return frame.number(18, 8)
    }

    /// - Throws: when a byte of the payload is wrong.
    static func verify(_ frame: Frame, sequence: UInt64) throws(Failure) {
        for offset in 26..<frame.length where Physical.read8(frame.address + UInt64(offset)) != byte(sequence, offset) {
            throw Failure("frame-damaged", seen: UInt64(offset), wanted: sequence)
        }
    }

    @inline(__always)
    private static func byte(_ sequence: UInt64, _ offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: sequence &* 0x9E37_79B9 &+ UInt64(offset) &* 0x85)
    }
}
