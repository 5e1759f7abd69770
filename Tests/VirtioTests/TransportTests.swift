// SPDX-License-Identifier: Apache-2.0

import Bus
import GuestMemory
import PCI
import TestSupport
import Testing
import Virtio

@Suite("The PCI transport")
struct TransportTests {
    @Test(
        "a driver finds the device, negotiates, and its chains come back with an interrupt", arguments: [true, false],
        RingLayout.allCases)
    func wholeWay(byDoorbell: Bool, layout: RingLayout) throws {
        let machine = try EchoMachine()
        let pci = machine.driver.pci
        #expect(pci.read(0, 4) == 0x1044_1AF4 && pci.read(8, 1) == 1 && pci.read(0x3D, 1) == 0)
        #expect(machine.driver.deviceFeatures == 1 << 3 | Feature.transport)
        #expect(machine.driver.read(18, 2) == 2)
        var queue = try machine.start(size: layout == .packed ? 11 : 16, layout: layout)
        for i: UInt32 in 0..<40 {
            let answer = try machine.echo(i &* 0x0101_0101, through: &queue, rings: byDoorbell)
            #expect(answer == (i &+ 1) &* 0x0101_0101)
            machine.wait(for: EchoMachine.queueMessage)
        }
        #expect(machine.driver.status == 15 && machine.device.starts == 1)
    }

    @Test(
        "features the device cannot accept leave FEATURES_OK clear, and DRIVER_OK then starts nothing",
        arguments: [0, 1 << 3, Feature.version1 | 1 << 5, Feature.version1 | 1 << 63, UInt64.max])
    func refusedFeatures(features: UInt64) throws {
        let machine = try EchoMachine()
        #expect(!machine.driver.negotiate(features))
        machine.driver.status = 15
        #expect(machine.driver.status & 12 == 0 && machine.device.starts == 0)
    }

    @Test("status bits only come, until zero takes all of them and stops the device")
    func status() throws {
        let machine = try EchoMachine()
        _ = try machine.start()
        machine.driver.status = 1
        #expect(machine.driver.status == 15)
        machine.driver.status = 0x40 | 15
        #expect(machine.driver.status == 15)
        machine.driver.status = 128
        #expect(machine.driver.status == 0x8F)
        machine.driver.ready()
        #expect(machine.device.starts == 1 && machine.device.stops == 0)
        machine.driver.status = 0
        #expect(machine.driver.status == 0 && machine.device.stops == 1)
        machine.driver.status = 0
        #expect(machine.device.stops == 1)
        machine.driver.write(22, 2, 0)
        #expect(machine.driver.read(24, 2) == 16 && machine.driver.read(28, 2) == 0 && machine.driver.read(32, 8) == 0)
    }

    @Test("queue registers take only what is legal, and nothing once the queue is enabled")
    func queueRegisters() throws {
        let machine = try EchoMachine()
        let driver = machine.driver
        #expect(driver.negotiate(EchoMachine.features))
        driver.write(22, 2, 1)
        #expect(driver.read(24, 2) == 8 && driver.read(30, 2) == 1)
        for size: UInt64 in [0, 3, 16, 9, 0x8000] {
            driver.write(24, 2, size)
            #expect(driver.read(24, 2) == 8)
        }
        driver.write(24, 2, 4)
        #expect(driver.read(24, 2) == 4)
        for vector: UInt64 in [3, 100, 0xFFFF] {
            driver.write(26, 2, vector)
            #expect(driver.read(26, 2) == 0xFFFF)
        }
        driver.write(26, 2, 2)
        #expect(driver.read(26, 2) == 2)
        driver.write(28, 2, 1)
        driver.write(28, 2, 0)
        driver.write(24, 2, 2)
        driver.write(32, 8, 0x1234)
        #expect(driver.read(28, 2) == 1 && driver.read(24, 2) == 4 && driver.read(32, 8) == 0)
        driver.write(22, 2, 2)
        #expect(driver.read(24, 2) == 0 && driver.read(26, 2) == 0xFFFF && driver.read(30, 2) == 0)
        driver.write(28, 2, 1)
        #expect(driver.read(28, 2) == 0)
    }

    @Test(
        "a malformed ring sets DEVICE_NEEDS_RESET with an interrupt, and a reset makes the device work again",
        arguments: RingLayout.allCases)
    func malformed(layout: RingLayout) throws {
        let machine = try EchoMachine()
        var queue = try machine.start(layout: layout)
        try queue.breakRing()
        machine.driver.kick(0)
        machine.wait(for: EchoMachine.configurationMessage)
        #expect(machine.driver.status == 0x4F)
        #expect(machine.bus.read(address: machine.driver.interruptStatus, size: 1) == 2)
        #expect(machine.bus.read(address: machine.driver.interruptStatus, size: 1) == 0)
        queue = try machine.start(layout: layout)
        #expect(try machine.echo(5, through: &queue) == 0x0101_0106)
    }

    @Test("a queue that is not in memory asks for a reset instead of starting")
    func unusable() throws {
        let machine = try EchoMachine()
        #expect(machine.driver.negotiate(EchoMachine.features))
        machine.driver.write(22, 2, 0)
        machine.driver.write(32, 8, 0xFFFF_FFFF_FFFF_FFF0)
        machine.driver.write(28, 2, 1)
        machine.driver.ready()
        #expect(machine.driver.status == 0x4F)
        machine.driver.status = 0
        #expect(machine.driver.status == 0)
    }

    @Test("a worker that asks for a reset while a vCPU resets the device keeps nobody waiting")
    func racingReset() throws {
        let machine = try EchoMachine()
        for _ in 0..<300 {
            var queue = try machine.start()
            try queue.breakRing()
            machine.driver.kick(0)
            machine.driver.status = 0
            #expect(machine.driver.status == 0)
        }
        #expect(machine.device.starts == 300 && machine.device.stops == 300)
    }

    @Test("doorbells follow the BAR")
    func doorbells() throws {
        let machine = try EchoMachine()
        let pci = machine.driver.pci
        let base = pci.address(ofBAR: 0)
        #expect(machine.doorbells.addresses == [base + 0x3000, base + 0x3004])
        pci.move(BAR: 0, to: 0xD000_0000)
        #expect(machine.doorbells.addresses == [0xD000_3000, 0xD000_3004])
        pci.decodeMemory(false)
        #expect(machine.doorbells.addresses.isEmpty)
        pci.decodeMemory(true)
        let moved = try #require(VirtioDriver(pci))
        #expect(moved.common == 0xD000_0000 && moved.read(18, 2) == 2)
    }

    @Test("the configuration access capability reaches the same registers as the BAR")
    func window() throws {
        let machine = try EchoMachine()
        let pci = machine.driver.pci
        let cap = try #require(pci.capabilities(0x09).first { pci.read($0 + 3, 1) == 5 })
        for (offset, size) in [(0x12, 2), (0x14, 1), (0x2000, 4), (0x2004, 1), (0x18, 2)] as [(UInt32, UInt32)] {
            pci.write(cap + 4, 1, 0)
            pci.write(cap + 8, 4, offset)
            pci.write(cap + 12, 4, size)
            let mask = (UInt64(1) << UInt64(8 * size)) - 1
            let direct = machine.bus.read(address: machine.driver.common + UInt64(offset), size: Int(size))
            #expect(UInt64(pci.read(cap + 16, Int(size))) & mask == direct & mask)
        }
        pci.write(cap + 8, 4, 20)
        pci.write(cap + 12, 4, 1)
        pci.write(cap + 16, 1, 1)
        #expect(machine.driver.status == 1)
        for (bar, offset, size) in [(1, 20, 1), (0, 21, 2), (0, 20, 3), (0, 20, 8), (0, 0xFFFF_FFFC, 4)]
            as [(UInt32, UInt32, UInt32)]
        {
            pci.write(cap + 4, 1, bar)
            pci.write(cap + 8, 4, offset)
            pci.write(cap + 12, 4, size)
            pci.write(cap + 16, 4, 0)
            #expect(machine.driver.status == 1)
        }
    }

    @Test(
        "a saved function goes on elsewhere where it stopped, and a state that cannot be is refused",
        arguments: RingLayout.allCases)
    func state(layout: RingLayout) throws {
        let machine = try EchoMachine()
        var queue = try machine.start(layout: layout)
        for i: UInt32 in 0..<21 { _ = try machine.echo(i, through: &queue) }
        machine.driver.pci.mask(vector: 1, true)
        machine.device.pause()
        let state = machine.function.state
        // An echo takes two descriptors.
        let position = layout == .split ? 21 : DriverQueue.position(RingPosition.start, plus: 42, size: 16)
        #expect(state.transport.queues[0].nextUsed == position && state.transport.status == 15)
        let other = try EchoMachine(guest: machine.guest)
        other.device.pause()
        #expect(other.function.restore(state))
        #expect(other.function.state == state)
        machine.driver.status = 0
        other.device.resume()
        #expect(try other.echo(0, through: &queue) == 0x0101_0101)

        var bad = state
        bad.transport.queues[0].size = 17
        #expect(!other.function.restore(bad) && other.driver.status == 0)
        bad = state
        bad.transport.queues[0].nextUsed = 0x8010
        #expect(other.function.restore(bad) == (layout == .split))
        bad = state
        bad.transport.driverFeatures |= 1 << 9
        #expect(!other.function.restore(bad))
        bad = state
        bad.transport.queues.removeLast()
        #expect(!other.function.restore(bad))
        bad = state
        bad.configuration[0] ^= 1
        #expect(!other.function.restore(bad))
        bad = state
        bad.msix.vectors.removeLast()
        #expect(!other.function.restore(bad))
    }

    @Test("any access of any size anywhere leaves a device that a reset brings back", arguments: [1, 2, 4, 8])
    func hostile(size: Int) throws {
        let machine = try EchoMachine()
        let base = machine.driver.pci.address(ofBAR: 0)
        var random = SeededRandom(seed: UInt64(size))
        for value in [0, UInt64.max, 0x0000_0001_0001_000F, random.next()] {
            for page in 0..<UInt64(8) {
                for offset in UInt64(0)..<160 {
                    let address = base + (page << 12) + offset
                    machine.bus.write(address: address, size: size, value: value)
                    _ = machine.bus.read(address: address, size: size)
                }
            }
        }
        for _ in 0..<20_000 {
            let address = base + UInt64.random(in: 0..<0x8000, using: &random)
            machine.bus.write(
                address: address, size: size, value: random.next() >> UInt64.random(in: 0..<64, using: &random))
            _ = machine.bus.read(address: address, size: size)
        }
        for offset in 0..<4096 where offset % size == 0 && size <= 4 {
            machine.driver.pci.write(offset, size, UInt32(truncatingIfNeeded: random.next()))
            _ = machine.driver.pci.read(offset, size)
        }
        machine.function.reset()
        var queue = try machine.start()
        #expect(try machine.echo(7, through: &queue) == 0x0101_0108)
    }
}
