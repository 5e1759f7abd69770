// SPDX-License-Identifier: Apache-2.0

import Bus
import GuestMemory
import Linux
import Testing

@testable import Devices

private let second: UInt64 = 1_000_000_000

@Suite("Real-time clock")
struct RTCTests {
    private let event: Event
    private let time: SetTime
    private let clock: RTC

    private final class Event: Sendable {
        let descriptor: EventFD
        init() throws { descriptor = try EventFD() }
    }

    init() throws {
        event = try Event()
        // 2024-02-29 23:59:58.5 UTC, a Thursday.
        time = SetTime(realtime: 1_709_251_198 * second + second / 2)
        clock = try RTC(
            interrupt: Interrupt(raw: event.descriptor.raw), memory: RAMLayout(bytes: 6 << 30), time: time)
    }

    private func get(_ index: UInt64) -> UInt64 {
        clock.write(offset: 0, size: 1, value: index)
        return clock.read(offset: 1, size: 1)
    }

    private func put(_ index: UInt64, _ value: UInt64) {
        clock.write(offset: 0, size: 1, value: index)
        clock.write(offset: 1, size: 1, value: value)
    }

    private var now: [UInt64] { [0x32, 9, 8, 7, 6, 4, 2, 0].map { get($0) } }

    @Test("the host's time is shown as a PC's firmware sets it up: BCD and 24 hours")
    func bcd() {
        #expect(now == [0x20, 0x24, 0x02, 0x29, 5, 0x23, 0x59, 0x58])
        time.advance(2 * second)
        #expect(now == [0x20, 0x24, 0x03, 0x01, 6, 0x00, 0x00, 0x00])
    }

    @Test(
        "every hour in both formats",
        arguments: (0..<24).flatMap { hour in [0, 2, 4, 6].map { (hour, $0) } } as [(Int, UInt64)])
    func hours(hour: Int, format: UInt64) {
        time.setRealtime((1_700_006_400 + UInt64(hour) * 3600) * second)  // 2023-11-15
        put(0xB, format)
        let twelve = hour % 12 == 0 ? 12 : hour % 12
        let shown = format & 2 != 0 ? hour : twelve
        let digits = format & 4 != 0 ? shown : shown / 10 * 16 + shown % 10
        #expect(get(4) == UInt64(digits + (format & 2 == 0 && hour >= 12 ? 0x80 : 0)))
        // Set to the same bytes, it is the same hour.
        put(0xB, format | 0x80)
        put(4, get(4))
        put(0xB, format)
        put(0xB, 6)
        #expect(get(4) == UInt64(hour))
    }

    @Test(
        "days are counted as the calendar has them",
        arguments: [
            (0, 1970, 1, 1, 5), (951_782_400, 2000, 2, 29, 3), (951_868_800, 2000, 3, 1, 4),
            (978_220_800, 2000, 12, 31, 1), (1_709_164_800, 2024, 2, 29, 5), (1_740_787_200, 2025, 3, 1, 7),
            (4_107_456_000, 2100, 2, 28, 1), (4_107_542_400, 2100, 3, 1, 2), (-86_400, 1969, 12, 31, 4),
            (-2_203_891_200, 1900, 3, 1, 5), (253_402_214_400, 9999, 12, 31, 6),
        ] as [(Int64, Int64, Int64, Int64, Int64)])
    func calendar(seconds: Int64, year: Int64, month: Int64, day: Int64, weekday: Int64) {
        let time = CalendarTime(seconds: seconds + 3661)
        #expect([time.year, time.month, time.day] == [year, month, day])
        #expect([time.hour, time.minute, time.second] == [1, 1, 1])
        #expect(time.weekday == weekday)
        #expect(time.seconds == seconds + 3661)
    }

    @Test("four hundred years of days go there and back, and follow each other")
    func everyDay() {
        var last = CalendarTime(seconds: -134_774 * 86_400)
        var wrong: [Int64] = []
        for day in Int64(-134_773)...Int64(12_000) {
            let time = CalendarTime(seconds: day * 86_400)
            let leap = last.year % 4 == 0 && (last.year % 100 != 0 || last.year % 400 == 0)
            let lengths: [Int64] = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            let ends = last.day == lengths[Int(last.month - 1)]
            var next = last
            next.day = ends ? 1 : last.day + 1
            next.month = ends ? last.month % 12 + 1 : last.month
            next.year = ends && last.month == 12 ? last.year + 1 : last.year
            if time != next || time.seconds != day * 86_400 || time.weekday != last.weekday % 7 + 1 {
                wrong.append(day)
            }
            last = time
        }
        #expect(wrong == [])
        #expect(last == CalendarTime(year: 2002, month: 11, day: 9, hour: 0, minute: 0, second: 0))
    }

    @Test("Linux's way to set the clock starts the new second half a second later")
    func setLikeLinux() {
        put(0xB, 0x82)
        put(0xA, 0x76)
        for (index, value) in [(9, 0x31), (8, 0x12), (7, 0x24), (4, 0x18), (2, 0x30), (0, 0x15), (0x32, 0x20)]
            as [(UInt64, UInt64)]
        {
            put(index, value)
        }
        time.advance(10 * second)
        #expect(get(0) == 0x15)
        put(0xB, 0x02)
        #expect(get(0) == 0x15)
        put(0xA, 0x26)
        #expect(now == [0x20, 0x31, 0x12, 0x24, 4, 0x18, 0x30, 0x15])
        time.advance(second / 2 - 1)
        #expect(get(0) == 0x15)
        time.advance(1)
        #expect(get(0) == 0x16)
        time.advance(24 * 3600 * second)
        #expect(now == [0x20, 0x31, 0x12, 0x25, 5, 0x18, 0x30, 0x16])
    }

    @Test("a byte set while the clock runs moves the clock")
    func setRunning() {
        put(2, 0x05)
        #expect(now == [0x20, 0x24, 0x02, 0x29, 5, 0x23, 0x05, 0x58])
        time.advance(2 * second)
        #expect(now == [0x20, 0x24, 0x02, 0x29, 5, 0x23, 0x06, 0x00])
    }

    @Test("an update is announced in the last 244 µs of a second and not while the clock is held")
    func updateInProgress() {
        #expect(get(0xA) == 0x26)
        time.advance(second / 2 - 244_141)
        #expect(get(0xA) == 0x26)
        time.advance(1)
        #expect(get(0xA) == 0xA6)
        put(0xB, 0x82)
        #expect(get(0xA) == 0x26)
        put(0xB, 0x02)
        time.advance(244_139)
        #expect(get(0xA) == 0xA6)
        time.advance(1)
        #expect(get(0xA) == 0x26)
        #expect(get(0) == 0x59)
    }

    @Test("flags are set by what happened and cleared by reading them")
    func flags() {
        #expect(get(0xC) == 0)
        time.advance(second)
        #expect(get(0xC) == 0x50)
        #expect(get(0xC) == 0)
        put(0xB, 0x12)
        time.advance(second)
        // Midnight came too, at which the alarm bytes stand.
        #expect(get(0xC) == 0xF0)
        #expect(get(0xD) == 0x80)
    }

    @Test(
        "the alarm matches its bytes, two high bits match anything",
        arguments: [
            (0x00, 0x00, 0x00, 1, false), (0x00, 0x00, 0x00, 2, true), (0x58, 0x59, 0x23, 86_399, false),
            (0x58, 0x59, 0x23, 86_400, true), (0x01, 0xC0, 0xFF, 2, false), (0x01, 0xC0, 0xFF, 3, true),
            (0xFF, 0xFF, 0xFF, 1, true), (0x00, 0x30, 0xC0, 1801, false), (0x00, 0x30, 0xC0, 1802, true),
            (0x00, 0x30, 0x05, 19_802, true), (0x00, 0x30, 0x05, 19_801, false), (0x60, 0x00, 0x00, 90_000, false),
            (0x00, 0x00, 0x24, 90_000, false),
        ] as [(UInt64, UInt64, UInt64, UInt64, Bool)])
    func alarm(seconds: UInt64, minutes: UInt64, hours: UInt64, after: UInt64, rings: Bool) {
        put(1, seconds)
        put(3, minutes)
        put(5, hours)
        put(0xB, 0x22)
        _ = get(0xC)
        time.advance(after * second)
        clock.timerExpired()
        #expect((event.descriptor.drain() == 1) == rings)
        #expect((get(0xC) & 0xA0 == 0xA0) == rings)
    }

    @Test("the kernel's timer is armed for the next enabled event and not before the last one is acknowledged")
    func arming() {
        #expect(clock.state.untilNextEvent(host: time.realtime) == nil)
        put(0xB, 0x12)
        #expect(clock.state.untilNextEvent(host: time.realtime) == Int64(second / 2))
        put(0xB, 0x42)
        #expect(clock.state.untilNextEvent(host: time.realtime) == 976_562 - Int64(second / 2) % 976_562)
        time.advance(1_000_000)
        clock.timerExpired()
        #expect(event.descriptor.drain() == 1)
        #expect(clock.state.untilNextEvent(host: time.realtime) == nil)
        time.advance(second)
        clock.timerExpired()
        #expect(event.descriptor.drain() == 0)
        #expect(get(0xC) & 0xC0 == 0xC0)
        #expect(clock.state.untilNextEvent(host: time.realtime) != nil)
        put(0xB, 0x02)
        #expect(clock.state.untilNextEvent(host: time.realtime) == nil)
    }

    @Test(
        "periodic rates are the datasheet's",
        arguments: [
            (0, nil), (1, 3_906_250), (2, 7_812_500), (3, 122_070), (6, 976_562), (8, 3_906_250), (15, 500_000_000),
        ] as [(UInt64, Int64?)])
    func periods(rate: UInt64, nanoseconds: Int64?) {
        put(0xA, 0x20 | rate)
        #expect(clock.state.period == nanoseconds)
    }

    @Test("a real timer interrupts a guest that waits for its periodic interrupt")
    func realTimer() throws {
        let clock = try RTC(interrupt: Interrupt(raw: event.descriptor.raw), memory: RAMLayout(bytes: 1 << 30))
        let epoll = try Epoll()
        try epoll.add(clock.timerDescriptor, .readable, token: 1)
        clock.write(offset: 0, size: 1, value: 0xB)
        clock.write(offset: 1, size: 1, value: 0x42)
        clock.write(offset: 0, size: 1, value: 0xC)
        for _ in 0..<3 {
            while event.descriptor.drain() == 0 { try epoll.wait { _, _ in clock.timerExpired() } }
            #expect(clock.read(offset: 1, size: 1) & 0xC0 == 0xC0)
        }
    }

    @Test("SET clears the update interrupt and stops updates")
    func setBit() {
        put(0xB, 0x92)
        #expect(get(0xB) == 0x82)
        time.advance(5 * second)
        #expect(get(0) == 0x58)
        #expect(get(0xC) & 0x10 == 0)
    }

    @Test(
        "memory sizes are where firmware looks for them",
        arguments: [
            (16, 640, 15 * 1024, 0, 0), (64, 640, 63 * 1024, 48 * 16, 0), (2048, 640, 0xFFFF, 2032 * 16, 0),
            (6144, 640, 0xFFFF, 2032 * 16, 4096 * 16),
        ] as [(UInt64, UInt64, UInt64, UInt64, UInt64)])
    func memory(mebibytes: UInt64, base: UInt64, extended: UInt64, above16: UInt64, above4096: UInt64) throws {
        let clock = try RTC(interrupt: .none, memory: RAMLayout(bytes: mebibytes << 20))
        func word(_ index: UInt64, _ count: UInt64 = 2) -> UInt64 {
            (0..<count).reduce(0) { sum, i in
                clock.write(offset: 0, size: 1, value: index + i)
                return sum | clock.read(offset: 1, size: 1) << (8 * i)
            }
        }
        #expect(word(0x15) == base)
        #expect(word(0x17) == min(extended, 0xFFFF))
        #expect(word(0x30) == min(extended, 0xFFFF))
        #expect(word(0x34) == above16)
        #expect(word(0x5B, 3) == above4096)
    }

    @Test("all other bytes are memory that a reset keeps; interrupts are off after it")
    func nonvolatile() {
        let plain = (0..<128 as Range<UInt64>).filter { ![0, 2, 4, 6, 7, 8, 9, 0xA, 0xB, 0xC, 0xD, 0x32].contains($0) }
        for index in plain { put(index | 0x80, index ^ 0x5A) }
        put(0xB, 0x72)
        clock.reset()
        for index in plain { #expect(get(index) == index ^ 0x5A) }
        #expect(get(0xB) == 0x02)
        #expect(clock.read(offset: 0, size: 1) == 0xFF)
    }

    @Test("a host clock that is set back harms nothing")
    func hostClockBack() {
        put(0xB, 0x72)
        time.setRealtime(1000 * second)
        clock.timerExpired()
        _ = get(0xC)
        #expect(now[0...3] == [0x19, 0x70, 0x01, 0x01])
    }

    @Test("no access harms it, whatever the guest sets as time")
    func hostile() {
        sweep(clock, seed: 8)
        var random = SeededRandom(seed: 9)
        for _ in 0..<30_000 {
            put(UInt64.random(in: 0..<16, using: &random), random.next() & 0xFF)
            put(0x32, random.next() & 0xFF)
            _ = get(UInt64.random(in: 0..<16, using: &random))
            time.advance(.random(in: 0..<2 * second, using: &random))
            clock.timerExpired()
        }
        // It still keeps time afterwards.
        put(0xA, 0x26)
        put(0xB, 0x86)
        for (index, value) in [(0x32, 20), (9, 30), (8, 1), (7, 1), (4, 0), (2, 0), (0, 0)] as [(UInt64, UInt64)] {
            put(index, value)
        }
        put(0xB, 0x06)
        time.advance(61 * second)
        #expect([get(4), get(2), get(0)] == [0, 1, 1])
    }
}
