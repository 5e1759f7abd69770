// SPDX-License-Identifier: Apache-2.0

public import Bus
public import PCI

/// A PCI driver's view of one function: registers, capabilities, BARs and MSI-X, as a kernel uses them.
public struct PCIDriver {
    /// The function.
    public let function: any PCIFunction
    /// Where its BARs answer.
    public let bus: MemoryBus

    /// A driver for a function.
    public init(function: any PCIFunction, bus: MemoryBus) {
        self.function = function
        self.bus = bus
    }

    /// Reads a register.
    public func read(_ offset: Int, _ size: Int) -> UInt32 { function.readConfiguration(offset: offset, size: size) }

    /// Writes a register.
    public func write(_ offset: Int, _ size: Int, _ value: UInt32) {
        function.writeConfiguration(offset: offset, size: size, value: value)
    }

    /// Offsets of all capabilities with this ID, in list order.
    public func capabilities(_ id: UInt8) -> [Int] {
        guard read(6, 2) & 0x10 != 0 else { return [] }
        var found: [Int] = []
        var at = Int(read(0x34, 1)) & ~3
        for _ in 0..<48 where at != 0 {
            if read(at, 1) == UInt32(id) { found.append(at) }
            at = Int(read(at + 1, 1)) & ~3
        }
        return found
    }

    /// Where a memory BAR lies.
    public func address(ofBAR index: Int) -> UInt64 {
        let low = read(0x10 + 4 * index, 4)
        let high = low & 6 == 4 ? read(0x14 + 4 * index, 4) : 0
        return UInt64(low & ~0xF) | UInt64(high) << 32
    }

    /// Sizes a BAR by writing all ones, then puts the address back (PCI 3.0 §6.2.5.1).
    public func size(ofBAR index: Int) -> UInt64 {
        let at = 0x10 + 4 * index
        let low = read(at, 4)
        write(at, 4, 0xFFFF_FFFF)
        var mask = UInt64(read(at, 4) & ~0xF)
        write(at, 4, low)
        if low & 6 == 4 {
            let high = read(at + 4, 4)
            write(at + 4, 4, 0xFFFF_FFFF)
            mask |= UInt64(read(at + 4, 4)) << 32
            write(at + 4, 4, high)
        } else {
            mask |= 0xFFFF_FFFF << 32
        }
        return ~mask &+ 1
    }

    /// Moves a BAR, low half first, as a kernel does.
    public func move(BAR index: Int, to address: UInt64) {
        write(0x10 + 4 * index, 4, UInt32(truncatingIfNeeded: address))
        if read(0x10 + 4 * index, 4) & 6 == 4 { write(0x14 + 4 * index, 4, UInt32(address >> 32)) }
    }

    /// Turns memory decoding on or off.
    public func decodeMemory(_ on: Bool) { write(4, 2, read(4, 2) & ~2 | (on ? 2 : 0)) }

    /// Sets the MSI-X enable and function mask bits.
    public func setMSIX(enabled: Bool, masked: Bool = false) {
        guard let at = capabilities(0x11).first else { return }
        write(at + 2, 2, (enabled ? 0x8000 : 0) | (masked ? 0x4000 : 0))
    }

    /// The address of a vector's table entry.
    public func vectorAddress(_ vector: Int) -> UInt64 {
        guard let at = capabilities(0x11).first else { return 0 }
        let table = read(at + 4, 4)
        return address(ofBAR: Int(table & 7)) + UInt64(table & ~7) + 16 * UInt64(vector)
    }

    /// Programs a vector and unmasks it.
    public func program(vector: Int, _ message: MSIMessage) {
        let at = vectorAddress(vector)
        bus.write(address: at + 12, size: 4, value: 1)
        bus.write(address: at, size: 4, value: message.address & 0xFFFF_FFFF)
        bus.write(address: at + 4, size: 4, value: message.address >> 32)
        bus.write(address: at + 8, size: 4, value: UInt64(message.data))
        bus.write(address: at + 12, size: 4, value: 0)
    }

    /// Masks or unmasks a vector.
    public func mask(vector: Int, _ on: Bool) {
        bus.write(address: vectorAddress(vector) + 12, size: 4, value: on ? 1 : 0)
    }

    /// Whether a vector is pending.
    public func isPending(vector: Int) -> Bool {
        guard let at = capabilities(0x11).first else { return false }
        let field = read(at + 8, 4)
        let pending = address(ofBAR: Int(field & 7)) + UInt64(field & ~7)
        return bus.read(address: pending + UInt64(vector / 64 * 8), size: 8) & 1 << UInt64(vector % 64) != 0
    }
}
