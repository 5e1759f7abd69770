// SPDX-License-Identifier: Apache-2.0

import Bus
import Linux
import PCI
import TestSupport
import Testing

@Suite("MSI-X")
struct MSIXTests {
    private let message = MSIMessage(address: 0xFEE0_1000, data: 0x41)

    @Test("an unmasked vector delivers its message, and is never pending")
    func delivery() throws {
        let machine = try TestMachine()
        machine.driver.program(vector: 1, message)
        machine.driver.setMSIX(enabled: true)
        machine.function.msix.interrupt(vector: 1).raise()
        #expect(machine.router.takeDelivered() == [message])
        #expect(!machine.driver.isPending(vector: 1))
        machine.function.msix.interrupt(vector: 0).raise()
        #expect(machine.router.takeDelivered() == [])
    }

    @Test(
        "a signal that meets a mask is pending and delivered once when the mask goes",
        arguments: ["vector", "function"])
    func pending(by mask: String) throws {
        let machine = try TestMachine()
        let driver = machine.driver
        driver.program(vector: 2, message)
        driver.setMSIX(enabled: true)
        if mask == "vector" { driver.mask(vector: 2, true) } else { driver.setMSIX(enabled: true, masked: true) }
        for _ in 0..<3 { machine.function.msix.interrupt(vector: 2).raise() }
        #expect(machine.router.takeDelivered() == [])
        #expect(driver.isPending(vector: 2))
        #expect(!driver.isPending(vector: 0) && !driver.isPending(vector: 1))
        if mask == "vector" { driver.mask(vector: 2, false) } else { driver.setMSIX(enabled: true) }
        #expect(machine.router.takeDelivered() == [message])
        #expect(!driver.isPending(vector: 2))
    }

    @Test("a message that changes while masked is the one delivered")
    func reprogramming() throws {
        let machine = try TestMachine()
        let driver = machine.driver
        driver.program(vector: 0, message)
        driver.setMSIX(enabled: true)
        driver.mask(vector: 0, true)
        machine.function.msix.interrupt(vector: 0).raise()
        let other = MSIMessage(address: 0xFEE0_2000, data: 0x55)
        driver.program(vector: 0, other)
        #expect(machine.router.takeDelivered() == [other])
    }

    @Test("a vector that the router refuses stays pending until a change is accepted")
    func refusal() throws {
        let machine = try TestMachine()
        machine.router.refuse(true)
        machine.driver.program(vector: 0, message)
        machine.driver.setMSIX(enabled: true)
        machine.function.msix.interrupt(vector: 0).raise()
        #expect(machine.driver.isPending(vector: 0))
        machine.router.refuse(false)
        machine.driver.mask(vector: 0, true)
        machine.driver.mask(vector: 0, false)
        #expect(machine.router.takeDelivered() == [message])
    }

    @Test("a vector that does not exist is no interrupt", arguments: [3, 0x7FF, 0xFFFF] as [UInt16])
    func unknown(vector: UInt16) throws {
        #expect(try TestMachine().function.msix.interrupt(vector: vector) == .none)
    }

    @Test("2048 vectors work, 0 and 2049 are refused, and so are more than the router has")
    func limits() throws {
        let router = FakeRouter(routes: 2100)
        do {
            let table = try MSIXTable(count: 2048, router: router)
            #expect(table.count == 2048 && router.freeRoutes == 52)
            table.interrupt(vector: 2047).raise()
            #expect(table.readPending(offset: 248, size: 8) == 1 << 63)
            #expect(throws: Errno.self) { try MSIXTable(count: 53, router: router) }
            #expect(router.freeRoutes == 52)
        }
        #expect(router.freeRoutes == 2100)
        #expect(throws: Errno.self) { try MSIXTable(count: 0, router: router) }
        #expect(throws: Errno.self) { try MSIXTable(count: 2049, router: router) }
    }

    @Test("a reset masks everything and forgets what is pending")
    func reset() throws {
        let machine = try TestMachine()
        machine.driver.program(vector: 0, message)
        machine.function.msix.interrupt(vector: 0).raise()
        #expect(machine.driver.isPending(vector: 0))
        machine.root.reset()
        #expect(!machine.driver.isPending(vector: 0) && machine.router.attachedCount == 0)
        machine.driver.setMSIX(enabled: true)
        #expect(machine.router.takeDelivered() == [])
    }

    @Test("every access to table and pending bits, at every offset and size, does no more than it may")
    func hostile() throws {
        let machine = try TestMachine(vectors: 65)
        let table = machine.function.msix
        machine.driver.setMSIX(enabled: true)
        for value in [0, UInt64.max, 0x0123_4567_89AB_CDEF] {
            for size in [1, 2, 4, 8] {
                for offset in 0..<UInt64(65 * 16 + 32) {
                    let before = table.readTable(offset: offset & ~15, size: 8)
                    table.writeTable(offset: offset, size: size, value: value)
                    let read = table.readTable(offset: offset, size: size)
                    if size < 4 || offset % UInt64(size) != 0 || offset >= 65 * 16 {
                        #expect(table.readTable(offset: offset & ~15, size: 8) == before)
                    } else if offset % 16 == 8 {
                        #expect(read == (size == 4 ? value & 0xFFFF_FFFF : value & 0x1_FFFF_FFFF))
                    }
                    _ = table.readPending(offset: offset, size: size)
                }
            }
        }
        for offset in [.max, .max - 7, 1 << 32, 65 * 16] as [UInt64] {
            table.writeTable(offset: offset, size: 8, value: 0)
            #expect(table.readTable(offset: offset, size: 8) == 0 && table.readPending(offset: offset, size: 8) == 0)
        }
    }
}
