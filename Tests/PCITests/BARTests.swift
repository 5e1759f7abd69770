// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import TestSupport
import Testing

@Suite("Base address registers")
struct BARTests {
    @Test("sizing gives the size and leaves the window where it was")
    func sizing() throws {
        let machine = try TestMachine()
        let driver = machine.driver
        #expect(driver.size(ofBAR: 0) == 0x1000)
        #expect(driver.size(ofBAR: 2) == 0x20000)
        #expect(driver.read(0x10, 4) & 0xF == 0 && driver.read(0x18, 4) & 0xF == 0xC)
        #expect(machine.function.window32.addresses == [TestMachine.base])
        #expect(machine.function.window64.addresses == [TestMachine.base + 0x20000])
        #expect(machine.memory.read(address: TestMachine.base + 0x123, size: 2) == 0x123)
    }

    @Test("a window follows its BAR, also above 4 GiB, and leaves nothing behind")
    func moving() throws {
        let machine = try TestMachine()
        let driver = machine.driver
        driver.move(BAR: 2, to: 0x80_1234_0000)
        #expect(machine.function.window64.addresses == [0x80_1234_0000])
        #expect(machine.memory.read(address: TestMachine.base + 0x20000, size: 4) == .max)
        #expect(machine.memory.read(address: 0x80_1234_0000 + 12, size: 4) == 1)
        driver.decodeMemory(false)
        #expect(machine.function.window64.addresses.isEmpty && machine.function.window32.addresses.isEmpty)
        driver.move(BAR: 0, to: 0xD000_0000)
        #expect(machine.memory.read(address: 0xD000_0000, size: 4) == .max)
        driver.decodeMemory(true)
        #expect(machine.memory.read(address: 0xD000_0FFC, size: 4) == 0xFFC)
    }

    @Test(
        "a place outside the apertures leaves the window silent",
        arguments: [0, 0x1000, 0x8000_0000, 0xB000_0000, 0xFEC0_0000, 0xFEE0_0000, 0xFFFF_F000] as [UInt64])
    func outside(address: UInt64) throws {
        let machine = try TestMachine()
        machine.driver.move(BAR: 0, to: address)
        #expect(machine.function.window32.addresses.isEmpty)
        #expect(machine.memory.read(address: address, size: 4) == .max)
        machine.driver.move(BAR: 0, to: 0xC100_0000)
        #expect(machine.function.window32.addresses == [0xC100_0000])
    }

    @Test("the newcomer of two windows at one place waits, and answers when the place is free")
    func overlap() throws {
        let machine = try TestMachine()
        let driver = machine.driver
        driver.move(BAR: 0, to: TestMachine.base + 0x20000)
        #expect(machine.function.window32.addresses.isEmpty)
        #expect(machine.function.window64.addresses == [TestMachine.base + 0x20000])
        driver.move(BAR: 2, to: 0xC800_0000)
        #expect(machine.function.window32.addresses == [TestMachine.base + 0x20000])
        #expect(machine.function.window64.addresses == [0xC800_0000])
    }

    @Test("BARs move at random under readers on other threads, and each ends up where it was put last")
    func racing() throws {
        let machine = try TestMachine()
        let readers = Readers(memory: machine.memory)
        let threads = try readers.start(2)
        var random = SeededRandom(seed: 7)
        let driver = machine.driver
        driver.move(BAR: 2, to: 0x80_0000_0000)
        var last: UInt64 = 0
        for _ in 0..<20_000 {
            last = 0xC000_0000 + UInt64.random(in: 0..<8, using: &random) << 12
            driver.write(0x10, 4, UInt32(last))
            if Bool.random(using: &random) { driver.decodeMemory(Bool.random(using: &random)) }
        }
        driver.decodeMemory(true)
        readers.finish(threads)
        #expect(readers.wrongReads == 0)
        #expect(machine.function.window32.addresses == [last])
    }

    @Test("the allocator aligns every BAR to its size and says when its window is full")
    func allocation() {
        var allocator = BARAllocator(window: 0xC000_1000..<0xC010_0000)
        let small = BAR(index: 0, minimumBytes: 1, is64Bit: false)
        let large = BAR(index: 0, minimumBytes: 0x8001, is64Bit: true)
        #expect(small.bytes == 0x1000 && large.bytes == 0x10000)
        #expect(allocator.allocate(small) == 0xC000_1000)
        #expect(allocator.allocate(large) == 0xC001_0000)
        #expect(allocator.allocate(small) == 0xC002_0000)
        #expect(allocator.allocate(BAR(index: 0, minimumBytes: 1 << 20, is64Bit: true)) == nil)
        var end = BARAllocator(window: UInt64.max - 0x800..<UInt64.max)
        #expect(end.allocate(small) == nil)
    }
}
