// SPDX-License-Identifier: Apache-2.0

import Bus
import Glibc
import Linux
import PCI
import Record
import TestSupport
import Testing

@testable import Devices

@Suite("The i6300esb watchdog")
struct WatchdogTests {
    private let signals = RecordedSignals(), time = SetTime(monotonic: 1_000_000_000), bus = MemoryBus()

    private func device() throws -> Watchdog {
        var allocator = BARAllocator(window: 0xC000_0000..<0xFEC0_0000)
        return try Watchdog(
            allocator: &allocator, decoder: MemoryDecoder(bus: bus, apertures: [0xC000_0000..<0xFEC0_0000]),
            signals: signals, time: time)
    }

    // What Linux's driver does: drivers/watchdog/i6300esb.c.
    private func unlock(_ device: Watchdog) {
        bus.write(address: device.address + 12, size: 2, value: 0x80)
        bus.write(address: device.address + 12, size: 2, value: 0x86)
    }

    private func set(_ device: Watchdog, _ register: UInt64, _ ticks: UInt64) {
        unlock(device)
        bus.write(address: device.address + register, size: 4, value: ticks)
    }

    private func feed(_ device: Watchdog) {
        unlock(device)
        bus.write(address: device.address + 12, size: 2, value: 0x100)
    }

    private func start(_ device: Watchdog, seconds: UInt64 = 15, configuration: UInt32 = 3, lock: UInt32 = 2) {
        device.writeConfiguration(offset: 0x60, size: 2, value: configuration)
        device.writeConfiguration(offset: 0x68, size: 1, value: 0)
        set(device, 0, seconds << 10)
        set(device, 4, seconds << 10)
        device.writeConfiguration(offset: 0x68, size: 1, value: lock)
    }

    private func pass(_ device: Watchdog, _ nanoseconds: UInt64) {
        time.advance(nanoseconds)
        device.timerExpired()
    }

    // 1024 ticks of 32 Ki clocks of 30 ns.
    private static let second: UInt64 = 1024 * 32768 * 30

    @Test("it is the function that drivers look for, behind one BAR")
    func identity() throws {
        let device = try device()
        let driver = PCIDriver(function: device, bus: bus)
        #expect(driver.read(0, 2) == 0x8086 && driver.read(2, 2) == 0x25AB)
        #expect(driver.read(10, 2) == 0x0880)
        #expect(driver.address(ofBAR: 0) == device.address)
        #expect(driver.size(ofBAR: 0) == 4096)
        driver.move(BAR: 0, to: 0xD000_0000)
        bus.write(address: 0xD000_000C, size: 2, value: 0x80)
        #expect(device.state.unlocked == 1)
        device.reset()
        #expect(driver.address(ofBAR: 0) == device.address)
    }

    @Test("a guest that feeds it lives, and one that stops is acted upon after both stages, once")
    func expiry() throws {
        let device = try device()
        start(device)
        for _ in 0..<10 {
            pass(device, 14 * Self.second)
            feed(device)
        }
        pass(device, 15 * Self.second)
        #expect(device.state.stage == 2)
        #expect(signals.take() == [])
        pass(device, 14 * Self.second)
        #expect(signals.take() == [])
        pass(device, Self.second)
        #expect(signals.take() == ["watchdog"])
        #expect(bus.read(address: device.address + 12, size: 2) == 0x1200)
        pass(device, 1000 * Self.second)
        #expect(signals.take() == [])
        device.reset()
        #expect(bus.read(address: device.address + 12, size: 2) == 0x1200, "what it did is told after the reset")
        unlock(device)
        bus.write(address: device.address + 12, size: 2, value: 0x1000)
        #expect(bus.read(address: device.address + 12, size: 2) == 0)
    }

    @Test("feeding in the second stage begins with the first again")
    func late() throws {
        let device = try device()
        start(device)
        pass(device, 15 * Self.second)
        pass(device, 10 * Self.second)
        feed(device)
        #expect(device.state.stage == 1)
        pass(device, 15 * Self.second)
        #expect(signals.take() == [] && device.state.stage == 2)
    }

    @Test(
        "only a write behind the two that unlock counts",
        arguments: [
            [(12, 2, 0x100)], [(12, 2, 0x80), (12, 2, 0x100)], [(12, 2, 0x86), (12, 2, 0x80), (12, 2, 0x100)],
            [(12, 2, 0x80), (12, 2, 0x86), (0, 4, 7), (12, 2, 0x100)], [(12, 2, 0x80), (8, 2, 0x86), (12, 2, 0x100)],
            [(12, 2, 0x80), (12, 2, 0x86), (12, 1, 0x100)],
        ] as [[(UInt64, Int, UInt64)]])
    func unlocking(writes: [(UInt64, Int, UInt64)]) throws {
        let device = try device()
        start(device)
        pass(device, 14 * Self.second)
        for (register, size, value) in writes {
            bus.write(address: device.address + register, size: size, value: value)
        }
        #expect(device.state.left == Self.second)
    }

    @Test("the fast clock, no action, free running and the lock do what the datasheet says")
    func modes() throws {
        let device = try device()
        start(device, seconds: 100, configuration: 0x27, lock: 7)
        #expect(device.state.left == (100 << 10) << 5 * 30)
        pass(device, 15 * Self.second)
        pass(device, 15 * Self.second)
        #expect(signals.take() == [], "WDT_REBOOT forbids the action")
        #expect(device.state.stage == 1 && device.state.left != nil, "it runs on")
        device.writeConfiguration(offset: 0x68, size: 1, value: 0)
        #expect(device.readConfiguration(offset: 0x68, size: 1) == 7, "a locked register keeps what it is")
        #expect(device.readConfiguration(offset: 0x60, size: 4) == 0x27)
        device.reset()
        device.writeConfiguration(offset: 0x68, size: 1, value: 2)
        #expect(device.state.left != nil)
        device.writeConfiguration(offset: 0x68, size: 1, value: 0)
        #expect(device.state.left == nil)
    }

    @Test("a guest that asks for no time at all gets fifty milliseconds, so that the launcher's loop can breathe")
    func shortest() throws {
        let device = try device()
        start(device, seconds: 0, configuration: 0x27, lock: 6)
        #expect(device.state.left == 50_000_000)
    }

    @Test("its time stands still while the machine is paused, and goes on in another")
    func pause() throws {
        let device = try device()
        start(device)
        time.advance(5 * Self.second)
        device.pause()
        pass(device, 100 * Self.second)
        #expect(signals.take() == [])
        let saved = try Record.decode(WatchdogState.self, Record.encode(device.state))
        #expect(saved == device.state && saved.left == 10 * Self.second)
        device.resume()
        pass(device, 10 * Self.second)
        #expect(device.state.stage == 2)

        let other = WatchdogTests()
        let copy = try other.device()
        copy.pause()
        #expect(copy.restore(saved))
        #expect(copy.state == saved)
        other.pass(copy, 100 * Self.second)
        copy.resume()
        other.pass(copy, 10 * Self.second)
        other.pass(copy, 15 * Self.second)
        #expect(other.signals.take() == ["watchdog"])
    }

    @Test("a state that cannot be is refused and leaves it as after a reset")
    func impossible() throws {
        let device = try device()
        let spoils: [(inout WatchdogState) -> Void] = [
            { $0.stage = 3 }, { $0.unlocked = 3 }, { $0.preload1 = 1 << 20 }, { $0.lock = 8 }, { $0.left = .max },
            { $0.space[0] = 0 }, { $0.space = [] }, { $0.configuration = 0x40 },
        ]
        for spoil in spoils {
            start(device)
            var state = device.state
            spoil(&state)
            #expect(!device.restore(state))
            #expect(device.state.left == nil)
        }
    }

    @Test("the kernel's timer fires with the stage")
    func realTimer() throws {
        var allocator = BARAllocator(window: 0xC000_0000..<0xFEC0_0000)
        let device = try Watchdog(
            allocator: &allocator, decoder: MemoryDecoder(bus: bus, apertures: [0xC000_0000..<0xFEC0_0000]),
            signals: signals)
        start(device, seconds: 0)
        var asked: [String] = []
        while asked.isEmpty {
            var wait = pollfd(fd: device.timerDescriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&wait, 1, 60_000) == 1)
            device.timerExpired()
            asked = signals.take()
        }
        #expect(asked == ["watchdog"])
    }

    @Test("any accesses at all leave it alive", arguments: 0..<8)
    func hostile(seed: UInt64) throws {
        let device = try device()
        var random = SeededRandom(seed: seed)
        for _ in 0..<20_000 {
            let offset = Int.random(in: 0..<0x90, using: &random)
            let size = [1, 2, 4, 8].randomElement(using: &random) ?? 1
            let value =
                Bool.random(using: &random)
                ? [0x80, 0x86, 0x100, 2, 7, 0].randomElement(using: &random) ?? 0
                : UInt64.random(in: 0...(.max), using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: device.writeConfiguration(offset: offset & ~3, size: 4, value: UInt32(truncatingIfNeeded: value))
            case 1: _ = device.readConfiguration(offset: offset & ~3, size: 4)
            case 2: bus.write(address: device.address + UInt64(offset), size: size, value: value)
            case 3: _ = bus.read(address: device.address + UInt64(offset), size: size)
            case 4: pass(device, UInt64.random(in: 0..<1 << 40, using: &random))
            default: if device.state.space.isEmpty { Issue.record("empty") }
            }
            if value & 0xFF == 7 { device.reset() }
        }
        #expect(device.restore(device.state))
    }
}
