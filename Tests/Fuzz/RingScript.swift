// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Virtio

/// Guest RAM with one queue in it, split or packed, and a driver that does whatever the input says.
///
/// The input is a header (layout, features, queue size, places of the areas, positions) and then steps of the driver; what the
/// device does between them is the target's business.
struct RingScript {
    static let ramBytes: UInt64 = 1 << 18
    let memory: GuestMemory
    var input: FuzzInput
    let setup: QueueSetup
    let features: UInt64
    let isPacked: Bool
    /// Packed: entry and wrap counter that the driver makes available next.
    private var turn: UInt16

    init(_ input: FuzzInput, _ memory: GuestMemory) {
        var input = input
        let shape = input.byte()
        // Mostly legal sizes, else any.
        let isPacked = shape & 0x40 != 0
        let small = isPacked && shape & 0x20 != 0 ? UInt16(shape & 15) &* 3 &+ 1 : UInt16(1) << (shape & 15)
        let size = shape & 0x80 == 0 ? small : input.number(UInt16.self)
        let kind = input.byte()
        var features: UInt64 = Feature.version1
        if kind & 1 != 0 { features |= Feature.eventIndex }
        if kind & 2 != 0 { features |= Feature.indirectDescriptors }
        if isPacked { features |= Feature.packedRing }
        features |= UInt64(kind >> 2) << 9
        self.features = features
        func place(_ odd: UInt64, _ input: inout FuzzInput) -> GuestAddress {
            if kind & 0x80 != 0 { return GuestAddress(input.number(UInt64.self)) }
            return GuestAddress(UInt64(input.byte() & 0x47) << 12 &+ (kind & 0x40 != 0 ? odd : 0))
        }
        let table = place(16, &input), available = place(2, &input), used = place(4, &input)
        var first = isPacked ? RingPosition.start : 0
        if kind & 0x20 != 0 {
            first = input.number(UInt16.self)
            // Mostly an entry that the ring has.
            if isPacked, size > 0, kind & 0x10 == 0 { first = first & 0x8000 | first % min(size, 0x8000) }
        }
        setup = QueueSetup(
            index: 0, size: size, descriptorTable: table, driverArea: available, deviceArea: used, kick: -1,
            interrupt: .none, nextAvailable: first, nextUsed: first)
        self.isPacked = isPacked
        turn = first
        self.input = input
        self.memory = memory
    }

    /// The next step of the driver; the number of a device step when it is not the driver's turn, nil at the end.
    mutating func step() -> UInt8? {
        while !input.isEmpty {
            let command = input.byte()
            switch command & 15 {
            case 0, 1: isPacked ? offer() : describe(in: setup.descriptorTable)
            case 2: describe(in: GuestAddress(UInt64(input.byte()) << 12))
            case 3 where isPacked:
                // Only the flags of any entry.
                let slot = setup.size > 0 ? input.number(UInt16.self) % setup.size : 0
                put(input.number(UInt16.self), setup.descriptorTable, 16 * Int(slot) + 14)
            case 4 where isPacked: describe(in: setup.descriptorTable)
            case 5 where isPacked: turn = input.number()
            case 6 where isPacked: put(input.number(UInt16.self), setup.driverArea, command & 16 == 0 ? 0 : 2)
            case 3:
                let slot = setup.size > 0 ? input.number(UInt16.self) % setup.size : 0
                put(input.number(UInt16.self) & (command & 16 == 0 ? 15 : 0xFFFF), setup.driverArea, 4 + 2 * Int(slot))
            case 4: put(input.number(UInt16.self), setup.driverArea, 2)
            case 5: advance(by: UInt16(command >> 4))
            case 6: put(input.number(UInt16.self), setup.driverArea, command & 16 == 0 ? 0 : 4 + 2 * Int(setup.size))
            case 7:
                let at = GuestAddress(UInt64(input.number(UInt32.self)) % Self.ramBytes)
                try? memory.write(input.bytes(Int(command >> 4)), at: at)
            default: return command
            }
        }
        return nil
    }

    /// Packed: describes the driver's next entry as a driver would, available in its turn.
    private mutating func offer() {
        let entry = turn & 0x7FFF
        describe(in: GuestAddress(setup.descriptorTable.rawValue &+ UInt64(entry) &* 16), index: 0)
        let at = GuestAddress(setup.descriptorTable.rawValue &+ UInt64(entry) &* 16 &+ 14)
        let flags = UInt16(littleEndian: (try? memory.read(at: at)) ?? 0) & 7
        try? memory.write((flags | (turn & 0x8000 != 0 ? 0x80 : 0x8000)).littleEndian, at: at)
        turn = entry &+ 1 < setup.size ? turn &+ 1 : ~turn & 0x8000
    }

    private mutating func describe(in table: GuestAddress) { describe(in: table, index: input.byte()) }

    private mutating func describe(in table: GuestAddress, index: UInt8) {
        let shape = input.byte()
        let address: UInt64
        switch shape & 3 {
        case 0: address = UInt64(input.number(UInt16.self)) << 4
        case 1: address = Self.ramBytes &- UInt64(input.byte())
        case 2: address = setup.descriptorTable.rawValue
        default: address = input.number(UInt64.self)
        }
        let length: UInt32
        switch shape >> 2 & 3 {
        case 0: length = UInt32(input.byte())
        case 1: length = UInt32(input.byte()) << 4
        case 2: length = UInt32(input.byte()) << 9
        default: length = input.number(UInt32.self)
        }
        let entry = table.rawValue &+ UInt64(index) &* 16
        try? memory.write(address.littleEndian, at: GuestAddress(entry))
        try? memory.write(length.littleEndian, at: GuestAddress(entry &+ 8))
        // Flags NEXT, WRITE, INDIRECT; the next descriptor, or the buffer ID, is mostly the one behind.
        let flags = UInt16(shape >> 4 & 7)
        let next = shape & 0x80 == 0 ? UInt16(index) &+ 1 : UInt16(input.byte())
        try? memory.write(flags.littleEndian, at: GuestAddress(entry &+ (isPacked ? 14 : 12)))
        try? memory.write(next.littleEndian, at: GuestAddress(entry &+ (isPacked ? 12 : 14)))
    }

    private func advance(by count: UInt16) {
        let at = GuestAddress(setup.driverArea.rawValue &+ 2)
        guard let index = try? memory.read(UInt16.self, at: at) else { return }
        try? memory.write((UInt16(littleEndian: index) &+ count).littleEndian, at: at)
    }

    private func put(_ value: UInt16, _ base: GuestAddress, _ offset: Int) {
        try? memory.write(value.littleEndian, at: GuestAddress(base.rawValue &+ UInt64(offset)))
    }
}
