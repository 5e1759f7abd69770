// SPDX-License-Identifier: Apache-2.0

import Hardware

/// Physical memory by address: everything is mapped where it is.
public enum Physical {
    /// The byte at an address.
    public static func read8(_ address: UInt64) -> UInt8 { hw_load8(address) }
    /// The little-endian halfword at an address.
    public static func read16(_ address: UInt64) -> UInt16 { hw_load16(address) }
    /// The little-endian word at an address.
    public static func read32(_ address: UInt64) -> UInt32 { hw_load32(address) }
    /// The little-endian quadword at an address.
    public static func read64(_ address: UInt64) -> UInt64 { hw_load64(address) }
    /// Writes one byte.
    public static func write8(_ address: UInt64, _ value: UInt8) { hw_store8(address, value) }
    /// Writes two bytes.
    public static func write16(_ address: UInt64, _ value: UInt16) { hw_store16(address, value) }
    /// Writes four bytes.
    public static func write32(_ address: UInt64, _ value: UInt32) { hw_store32(address, value) }
    /// Writes eight bytes.
    public static func write64(_ address: UInt64, _ value: UInt64) { hw_store64(address, value) }

    /// Sets `bytes` bytes to zero.
    public static func clear(_ address: UInt64, bytes: Int) {
        pointer(address)?.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }

    /// Zeroed memory from the heap, aligned to a power of two; payloads keep it for good.
    /// - Throws: when the heap is exhausted.
    public static func allocate(bytes: Int, alignment: Int = 4096) throws(Failure) -> UInt64 {
        guard let block = Heap.allocate(bytes: bytes, alignment: alignment) else {
            throw Failure("out-of-memory", seen: UInt64(bytes))
        }
        let address = UInt64(UInt(bitPattern: block))
        clear(address, bytes: bytes)
        return address
    }

    /// An address as a pointer, for the compiler's own loads and stores.
    public static func pointer(_ address: UInt64) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: UInt(address))
    }
}
