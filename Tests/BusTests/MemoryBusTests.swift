// SPDX-License-Identifier: Apache-2.0

import Bus
import Linux
import Synchronization
import Testing

@Suite("Memory bus")
struct MemoryBusTests {
    @Test(
        "a range that is empty, wraps or overlaps is refused",
        arguments: [
            (0x1000, 0, false), (0xFFFF_FFFF_FFFF_F000, 0x1001, false), (0xFFFF_FFFF_FFFF_F000, 0x1000, true),
            (0x2000, 0x1000, false), (0x1FFF, 1, true), (0x1FFF, 2, false), (0x2FFF, 1, false), (0x3000, 1, true),
            (0x1000, 0x3000, false), (0x2800, 0x10, false), (0, 0x2000, true), (0, 0x2001, false),
            (0, UInt64.max, false), (1, UInt64.max, false),
        ] as [(UInt64, UInt64, Bool)])
    func overlaps(start: UInt64, count: UInt64, accepted: Bool) {
        let bus = MemoryBus()
        let old = EchoDevice(1), new = EchoDevice(2)
        #expect(bus.insert(BusRange(start: 0x2000, count: 0x1000, device: old)))
        #expect(bus.insert(BusRange(start: start, count: count, device: new)) == accepted)
        #expect(bus.read(address: 0x2008, size: 8) == 1 << 32 | 8)
        if accepted { #expect(bus.read(address: start, size: 1) == 2 << 32) }
    }

    @Test(
        "an access belongs to a device only with all its bytes",
        arguments: [
            (0xFFF, 1, false), (0xFFF, 2, false), (0x1000, 8, true), (0x1FF8, 8, true), (0x1FF9, 8, false),
            (0x1FFF, 1, true), (0x1FFF, 2, false), (0x2000, 1, false), (UInt64.max, 8, false), (0, 8, false),
        ] as [(UInt64, Int, Bool)])
    func lookup(address: UInt64, size: Int, found: Bool) {
        let bus = MemoryBus()
        let device = EchoDevice(5)
        bus.insert(BusRange(start: 0x1000, count: 0x1000, device: device))
        #expect(bus.read(address: address, size: size) == (found ? 5 << 32 | (address &- 0x1000) : .max))
        bus.write(address: address, size: size, value: 1)
        #expect(device.writes.withLock { $0.count } == (found ? 1 : 0))
    }

    @Test("only the owner of a range takes it off")
    func removal() {
        let bus = MemoryBus()
        let one = EchoDevice(1), two = EchoDevice(2)
        bus.insert(BusRange(start: 0, count: 16, device: one))
        bus.remove(start: 0, device: two)
        #expect(bus.read(address: 0, size: 1) == 1 << 32)
        bus.remove(start: 8, device: one)
        #expect(bus.read(address: 8, size: 1) == 1 << 32 | 8)
        bus.remove(start: 0, device: one)
        #expect(bus.read(address: 0, size: 1) == .max)
        #expect(bus.insert(BusRange(start: 0, count: 16, device: two)))
    }

    @Test("a device that moves while others read is found whole or not at all")
    func concurrentMoves() throws {
        let bus = MemoryBus()
        let fixed = EchoDevice(7), mover = EchoDevice(9)
        bus.insert(BusRange(start: 0x8000, count: 0x100, device: fixed))
        bus.insert(BusRange(start: 0x1000, count: 0x100, device: mover))
        let shared = Shared(bus: bus)
        let reader = try OSThread(name: "reader") {
            while !shared.stop.load(ordering: .acquiring) {
                if shared.bus.read(address: 0x8010, size: 4) != 7 << 32 | 0x10 {
                    shared.wrong.wrappingAdd(1, ordering: .relaxed)
                }
                for place: UInt64 in [0x1000, 0x2000] {
                    let value = shared.bus.read(address: place + 4, size: 4)
                    if value != .max, value != 9 << 32 | 4 { shared.wrong.wrappingAdd(1, ordering: .relaxed) }
                }
            }
        }
        for i in 0..<20_000 {
            let (from, to): (UInt64, UInt64) = i % 2 == 0 ? (0x1000, 0x2000) : (0x2000, 0x1000)
            bus.remove(start: from, device: mover)
            #expect(bus.insert(BusRange(start: to, count: 0x100, device: mover)))
        }
        shared.stop.store(true, ordering: .releasing)
        reader.join()
        #expect(shared.wrong.load(ordering: .relaxed) == 0)
        #expect(bus.read(address: 0x1000, size: 1) == 9 << 32)
    }

    @Test("a device may move itself from within its own write")
    func moveFromWithin() {
        let bus = MemoryBus()
        let mover = SelfMover(bus: bus)
        bus.insert(BusRange(start: 0x1000, count: 16, device: mover))
        bus.write(address: 0x1000, size: 4, value: 0x4000)
        #expect(bus.read(address: 0x1000, size: 1) == .max)
        #expect(bus.read(address: 0x4003, size: 1) == 3)
    }

    private final class Shared: Sendable {
        let bus: MemoryBus
        let wrong = Atomic<Int>(0)
        let stop = Atomic<Bool>(false)
        init(bus: MemoryBus) { self.bus = bus }
    }

    private final class SelfMover: BusDevice {
        let bus: MemoryBus
        init(bus: MemoryBus) { self.bus = bus }
        func read(offset: UInt64, size: Int) -> UInt64 { offset }
        func write(offset: UInt64, size: Int, value: UInt64) {
            bus.remove(start: 0x1000, device: self)
            bus.insert(BusRange(start: value, count: 16, device: self))
        }
    }
}
