// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Virtio

/// Guest RAM with one queue in it, and a driver that does whatever the input says.
///
/// The input is a header (features, queue size, places of the areas, positions) and then steps of the driver; what the
/// device does between them is the target's business.
struct RingScript {
    static let ramBytes: UInt64 = 1 << 18
    let memory: GuestMemory
    var input: FuzzInput
    let setup: QueueSetup
    let features: UInt64

    init(_ input: FuzzInput, _ memory: GuestMemory) {
        var input = input
        let shape = input.byte()
        // Mostly legal sizes, else any.
        let size = shape & 0x80 == 0 ? UInt16(1) << (shape & 15) : input.number(UInt16.self)
        let kind = input.byte()
        var features: UInt64 = Feature.version1
        if kind & 1 != 0 { features |= Feature.eventIndex }
        if kind & 2 != 0 { features |= Feature.indirectDescriptors }
        features |= UInt64(kind >> 2) << 9
        self.features = features
        func place(_ odd: UInt64, _ input: inout FuzzInput) -> GuestAddress {
            if kind & 0x80 != 0 { return GuestAddress(input.number(UInt64.self)) }
            return GuestAddress(UInt64(input.byte() & 0x47) << 12 &+ (kind & 0x40 != 0 ? odd : 0))
        }
        let table = place(16, &input), available = place(2, &input), used = place(4, &input)
        let first = kind & 0x20 != 0 ? input.number(UInt16.self) : 0
        setup = QueueSetup(
            index: 0, size: size, descriptorTable: table, driverArea: available, deviceArea: used, kick: -1,
            interrupt: .none, nextAvailable: first, nextUsed: kind & 0x20 != 0 ? first : 0)
        self.input = input
        self.memory = memory
    }

    /// The next step of the driver; the number of a device step when it is not the driver's turn, nil at the end.
    mutating func step() -> UInt8? {
        while !input.isEmpty {
            let command = input.byte()
            switch command & 15 {
            case 0, 1: describe(in: setup.descriptorTable)
            case 2: describe(in: GuestAddress(UInt64(input.byte()) << 12))
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

    private mutating func describe(in table: GuestAddress) {
        let index = input.byte()
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
        // Flags NEXT, WRITE, INDIRECT; the next descriptor is mostly the one behind.
        try? memory.write(UInt16(shape >> 4 & 7).littleEndian, at: GuestAddress(entry &+ 12))
        let next = shape & 0x80 == 0 ? UInt16(index) &+ 1 : UInt16(input.byte())
        try? memory.write(next.littleEndian, at: GuestAddress(entry &+ 14))
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
