// SPDX-License-Identifier: Apache-2.0

import Bus
import Testing

@Suite("Port bus")
struct PortBusTests {
    private let first = EchoDevice(1), second = EchoDevice(2), third = EchoDevice(3)
    private var bus: PortBus {
        PortBus([
            BusRange(start: 0x60, count: 5, device: first), BusRange(start: 0x64, count: 2, device: second),
            BusRange(start: 0xFFFF, count: 1, device: third),
        ])
    }

    @Test(
        "a port is answered by its device, counted from the start of the range",
        arguments: [
            (0x5F, 1, UInt64.max), (0x60, 1, 1 << 32), (0x60, 4, 1 << 32), (0x61, 4, 1 << 32 | 1),
            (0x62, 4, UInt64.max),  // the last byte is not the first device's and the first is not the second's
            (0x63, 2, 1 << 32 | 3), (0x64, 1, 1 << 32 | 4),  // the earlier of two that overlap
            (0x64, 2, 2 << 32), (0x65, 1, 2 << 32 | 1), (0x65, 2, UInt64.max), (0x66, 1, UInt64.max),
            (0xFFFF, 1, 3 << 32), (0xFFFF, 2, UInt64.max), (0xFFFE, 2, UInt64.max), (0, 4, UInt64.max),
        ] as [(UInt16, Int, UInt64)])
    func lookup(port: UInt16, size: Int, expected: UInt64) {
        #expect(bus.read(port: port, size: size) == expected)
    }

    @Test("writes reach one device or nobody")
    func writes() {
        bus.write(port: 0x64, size: 1, value: 0xFE)
        bus.write(port: 0x65, size: 1, value: 7)
        bus.write(port: 0x70, size: 1, value: 9)
        #expect(first.writes.withLock { $0 } == [4 << 32 | 0xFE])
        #expect(second.writes.withLock { $0 } == [1 << 32 | 7])
        #expect(third.writes.withLock { $0 }.isEmpty)
    }

    @Test("an empty bus reads as all ones on every port")
    func empty() {
        let bus = PortBus([])
        for port in UInt16.min...UInt16.max { #expect(bus.read(port: port, size: 4) == .max) }
    }
}
