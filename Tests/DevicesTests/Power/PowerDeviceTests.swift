// SPDX-License-Identifier: Apache-2.0

import Bus
import Devices
import Linux
import Testing

@Suite("ACPI power management block")
struct PowerDeviceTests {
    private let line = RecordedLine(), signals = RecordedSignals(), time = SetTime(monotonic: 5_000_000_000)

    private func device() throws -> PowerDevice {
        try PowerDevice(interrupt: line, signals: signals, time: time)
    }

    @Test(
        "registers after a reset, in every width the FADT allows",
        arguments: [
            (0x00, 2, 0), (0x02, 2, 0), (0x00, 4, 0), (0x04, 2, 1), (0x04, 1, 1), (0x05, 1, 0), (0x08, 4, 0),
            (0x20, 8, 0), (0x28, 8, 0), (0x10, 4, 0), (0x7F, 1, 0),
        ] as [(UInt64, Int, UInt64)])
    func initial(offset: UInt64, size: Int, value: UInt64) throws {
        #expect(try device().read(offset: offset, size: size) == value)
    }

    @Test("the power button interrupts when it is enabled and until it is acknowledged", arguments: [false, true])
    func button(enabledFirst: Bool) throws {
        let device = try device()
        if enabledFirst { device.write(offset: 2, size: 2, value: 0x100) }
        device.pressPowerButton()
        #expect(line.isAsserted == enabledFirst)
        device.write(offset: 2, size: 2, value: 0x100)
        #expect(line.isAsserted)
        #expect(device.read(offset: 0, size: 2) == 0x100)
        device.write(offset: 0, size: 2, value: 0xFEFF)
        #expect(line.isAsserted)
        device.write(offset: 0, size: 2, value: 0x100)
        #expect(!line.isAsserted)
        #expect(device.read(offset: 0, size: 2) == 0)
        device.pressPowerButton()
        #expect(line.isAsserted)
        device.write(offset: 2, size: 2, value: 0)
        #expect(!line.isAsserted)
    }

    @Test("general purpose events interrupt like the button", arguments: [0, 7, 8, 63])
    func events(event: Int) throws {
        let device = try device()
        device.raise(event: event)
        device.raise(event: -1)
        device.raise(event: 64)
        #expect(!line.isAsserted)
        #expect(device.read(offset: 0x20, size: 8) == 1 << UInt64(event))
        device.write(offset: 0x28 + UInt64(event / 8), size: 1, value: 1 << UInt64(event % 8))
        #expect(line.isAsserted)
        #expect(device.read(offset: 0x28, size: 8) == 1 << UInt64(event))
        device.write(offset: 0x20, size: 8, value: .max)
        #expect(!line.isAsserted)
    }

    @Test("only sleep type 0 with SLP_EN turns the power off", arguments: 0..<8 as Range<UInt64>)
    func sleep(type: UInt64) throws {
        let device = try device()
        device.write(offset: 4, size: 2, value: type << 10)
        #expect(signals.take() == [])
        #expect(device.read(offset: 4, size: 2) == type << 10 | 1)
        device.write(offset: 4, size: 2, value: type << 10 | 1 << 13)
        #expect(signals.take() == (type == 0 ? ["power off"] : []))
        #expect(device.read(offset: 4, size: 2) == type << 10 | 1)
    }

    @Test("SCI_EN cannot be cleared and the global lock's bits read as zero")
    func control() throws {
        let device = try device()
        device.write(offset: 4, size: 2, value: 0)
        #expect(device.read(offset: 4, size: 2) == 1)
        device.write(offset: 4, size: 2, value: 0x0004)
        #expect(device.read(offset: 4, size: 2) == 1)
        #expect(device.read(offset: 0, size: 2) == 0)
    }

    @Test(
        "the timer counts 3.579545 MHz in 32 bits",
        arguments: [
            (0, 0), (279, 0), (280, 1), (1_000_000_000, 3_579_545), (1_000_000_001, 3_579_545),
            (86_400_000_000_000, 3_579_545 * 86_400 & 0xFFFF_FFFF),
            (10_000_000_000_000_000, 3_579_545 * 10_000_000 & 0xFFFF_FFFF),
        ] as [(UInt64, UInt64)])
    func timer(nanoseconds: UInt64, ticks: UInt64) throws {
        let device = try device()
        time.advance(nanoseconds)
        #expect(device.read(offset: 8, size: 4) == ticks)
        #expect(device.read(offset: 9, size: 1) == ticks >> 8 & 0xFF)
    }

    @Test("the timer never goes back: not by itself, not over pauses, not over a move to another host")
    func monotonic() throws {
        var random = SeededRandom(seed: 4)
        var device = try device()
        var clock = time
        var last: UInt64 = 0
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: device.pause()
            case 1: device.resume()
            case 2:
                let saved = device.state
                clock = SetTime(monotonic: .random(in: 0..<1 << 60, using: &random))
                device = try PowerDevice(interrupt: line, signals: signals, time: clock)
                device.restore(saved)
            default: clock.advance(.random(in: 0..<1_000_000, using: &random))
            }
            let now = device.read(offset: 8, size: 4)
            #expect(now >= last)
            last = now
        }
        #expect(last > 1_000_000)
    }

    @Test("the timer stands while the machine is paused")
    func pause() throws {
        let device = try device()
        time.advance(1_000_000_000)
        device.pause()
        time.advance(50_000_000_000)
        #expect(device.read(offset: 8, size: 4) == 3_579_545)
        device.pause()
        device.resume()
        device.resume()
        time.advance(1_000_000_000)
        #expect(device.read(offset: 8, size: 4) == 2 * 3_579_545)
    }

    @Test("TMR_STS is set when bit 31 of the timer changes, and interrupts when enabled")
    func carry() throws {
        let device = try device()
        device.write(offset: 2, size: 2, value: 1)
        // 2^31 ticks are 599.93 s.
        time.advance(599_000_000_000)
        device.timerExpired()
        #expect(!line.isAsserted)
        time.advance(1_000_000_000)
        device.timerExpired()
        #expect(line.isAsserted)
        #expect(device.read(offset: 0, size: 2) == 1)
        device.write(offset: 0, size: 2, value: 1)
        #expect(!line.isAsserted)
        time.advance(600_000_000_000)
        #expect(device.read(offset: 0, size: 2) == 1)
    }

    @Test("a reset clears everything but the timer")
    func reset() throws {
        let device = try device()
        device.write(offset: 2, size: 2, value: 0x100)
        device.pressPowerButton()
        device.raise(event: 3)
        time.advance(1_000_000_000)
        device.reset()
        #expect(!line.isAsserted)
        #expect(device.read(offset: 0, size: 4) == 0)
        #expect(device.read(offset: 0x20, size: 8) == 0)
        #expect(device.read(offset: 8, size: 4) == 3_579_545)
    }

    @Test("saved registers bring the interrupt back with them")
    func restore() throws {
        let device = try device()
        device.write(offset: 2, size: 2, value: 0x100)
        device.pressPowerButton()
        let other = RecordedLine()
        let copy = try PowerDevice(interrupt: other, signals: signals, time: time)
        copy.restore(device.state)
        #expect(other.isAsserted)
        #expect(copy.state == device.state)
    }

    @Test("no access harms it")
    func hostile() throws {
        let device = try device()
        sweep(device, seed: 1)
        device.write(offset: 0, size: 2, value: .max)
        device.write(offset: 0x20, size: 8, value: .max)
        #expect(!line.isAsserted)
    }
}
