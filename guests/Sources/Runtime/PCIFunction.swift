// SPDX-License-Identifier: Apache-2.0

import Hardware

/// One PCI function on bus 0.
public struct PCIFunction {
    /// BARs nobody has assigned are put from here on.
    nonisolated(unsafe) private static var window: UInt64 = 0xE000_0000
    let access: PCI.Access
    /// Its device number.
    public let device: UInt8
    /// Its function number.
    public let function: UInt8

    /// Vendor id, 0xffff where nothing is.
    public var vendor: UInt16 { read16(0) }
    /// Device id.
    public var deviceID: UInt16 { read16(2) }

    private var slot: UInt64 { UInt64(device) << 3 | UInt64(function) }

    private func select(_ offset: UInt16) -> UInt16 {
        hw_out32(0xCF8, 0x8000_0000 | UInt32(slot) << 8 | UInt32(offset & 0xFC))
        return 0xCFC + (offset & 3)
    }

    private func address(_ base: UInt64, _ offset: UInt16) -> UInt64 { base + slot << 12 + UInt64(offset) }

    /// Reads one byte of configuration space.
    public func read8(_ offset: UInt16) -> UInt8 {
        switch access {
        case .memory(let base): hw_load8(address(base, offset))
        case .ports: hw_in8(select(offset))
        }
    }

    /// Reads two bytes of configuration space.
    public func read16(_ offset: UInt16) -> UInt16 {
        switch access {
        case .memory(let base): hw_load16(address(base, offset))
        case .ports: hw_in16(select(offset))
        }
    }

    /// Reads four bytes of configuration space.
    public func read32(_ offset: UInt16) -> UInt32 {
        switch access {
        case .memory(let base): hw_load32(address(base, offset))
        case .ports: hw_in32(select(offset))
        }
    }

    /// Writes one byte of configuration space.
    public func write8(_ offset: UInt16, _ value: UInt8) {
        switch access {
        case .memory(let base): hw_store8(address(base, offset), value)
        case .ports: hw_out8(select(offset), value)
        }
    }

    /// Writes two bytes of configuration space.
    public func write16(_ offset: UInt16, _ value: UInt16) {
        switch access {
        case .memory(let base): hw_store16(address(base, offset), value)
        case .ports: hw_out16(select(offset), value)
        }
    }

    /// Writes four bytes of configuration space.
    public func write32(_ offset: UInt16, _ value: UInt32) {
        switch access {
        case .memory(let base): hw_store32(address(base, offset), value)
        case .ports: hw_out32(select(offset), value)
        }
    }

    /// Offsets of the capabilities with this id, in list order; a list that loops ends.
    public func capabilities(_ id: UInt8) -> [UInt16] {
        var found: [UInt16] = []
        guard read16(6) & 0x10 != 0 else { return found }
        var offset = UInt16(read8(0x34) & 0xFC)
        var patience = 48
        while offset >= 0x40, patience > 0 {
            if read8(offset) == id { found.append(offset) }
            offset = UInt16(read8(offset + 1) & 0xFC)
            patience -= 1
        }
        return found
    }

    /// Turns memory decoding and bus mastering on, INTx off.
    public func enable() {
        write16(4, (read16(4) | 0x406) & ~1)
    }

    /// The address of a memory BAR, assigned first when it reads 0, and mapped.
    /// - Throws: when it is no memory BAR.
    public func bar(_ index: UInt8) throws(Failure) -> UInt64 {
        let offset = 0x10 + UInt16(index) * 4
        let low = read32(offset)
        guard index < 6, low & 1 == 0 else { throw Failure("not-a-memory-bar", seen: UInt64(index)) }
        let wide = low & 6 == 4
        var base = UInt64(low & ~15) | (wide ? UInt64(read32(offset + 4)) << 32 : 0)
        let bytes = barBytes(index)
        guard bytes > 0 else { throw Failure("empty-bar", seen: UInt64(index)) }
        if base == 0 {
            base = (PCIFunction.window + bytes - 1) & ~(bytes - 1)
            PCIFunction.window = base + bytes
            moveBAR(index, to: base)
        }
        try AddressSpace.map(from: base, to: base + bytes)
        return base
    }

    /// Bytes a memory BAR decodes, found by writing ones with decoding off.
    public func barBytes(_ index: UInt8) -> UInt64 {
        let offset = 0x10 + UInt16(index) * 4
        let (command, low, high) = (read16(4), read32(offset), read32(offset + 4))
        let wide = low & 6 == 4
        write16(4, command & ~3)
        write32(offset, .max)
        if wide { write32(offset + 4, .max) }
        let mask = UInt64(read32(offset) & ~15) | (wide ? UInt64(read32(offset + 4)) << 32 : 0xFFFF_FFFF_0000_0000)
        write32(offset, low)
        if wide { write32(offset + 4, high) }
        write16(4, command)
        return mask & 0xFFFF_FFFF == 0 && !wide ? 0 : ~mask &+ 1
    }

    /// Moves a memory BAR with decoding off meanwhile.
    public func moveBAR(_ index: UInt8, to base: UInt64) {
        let offset = 0x10 + UInt16(index) * 4
        let command = read16(4)
        write16(4, command & ~3)
        let wide = read32(offset) & 6 == 4
        write32(offset, UInt32(truncatingIfNeeded: base))
        if wide { write32(offset + 4, UInt32(truncatingIfNeeded: base >> 32)) }
        write16(4, command)
    }
}
