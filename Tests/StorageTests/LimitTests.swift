// SPDX-License-Identifier: Apache-2.0

import Linux
import Storage
import TestSupport
import Testing

@testable import Storage

@Suite("Limits of a disk")
struct LimitTests {
    @Test(
        "over a long time no more passes than rate and burst allow, and no less",
        arguments: [UInt64(1), 7, 1000, 3_000_000, 1 << 40], [UInt64(1), 50, 100_000])
    func rate(perSecond: UInt64, burst: UInt64) {
        let bucket = RateBucket(perSecond: perSecond, burst: burst)
        let unit = max(perSecond / 1000, 1)
        var now: UInt64 = 1 << 50
        let start = now
        var passed: UInt64 = 0
        for _ in 0..<5000 {
            let delay = bucket.delay(now: now)
            now += delay
            #expect(bucket.delay(now: now) == 0)
            bucket.charge(unit, now: now)
            passed += unit
        }
        let flow = Double(now - start) / 1e9 * Double(perSecond)
        // A request's share of a second is told in whole nanoseconds.
        #expect(Double(passed) <= flow * 1.005 + Double(burst) + Double(unit) + 1)
        #expect(Double(passed) * 1.005 + Double(unit) >= flow)
        // Idle for long: no more than a full bucket has gathered.
        now += 3600 * 1_000_000_000
        var atOnce: UInt64 = 0
        while bucket.delay(now: now) == 0, atOnce <= burst + 2 * unit {
            bucket.charge(unit, now: now)
            atOnce += unit
        }
        #expect(atOnce >= min(burst, unit) && atOnce < burst + 2 * unit)
    }

    @Test("no number traps", arguments: [UInt64(0), 1, .max], [UInt64(0), 1, .max])
    func extremes(perSecond: UInt64, units: UInt64) {
        let bucket = RateBucket(perSecond: perSecond, burst: units)
        for now in [UInt64(0), .max / 2, .max] {
            for _ in 0..<1000 { bucket.charge(units, now: now) }
            _ = bucket.delay(now: now)
        }
    }

    @Test("held requests keep their order and come when the timer says so", arguments: EngineUnderTest.allCases)
    func held(engine: EngineUnderTest) throws {
        let temporary = try TemporaryFile(hole: 1 << 20)
        let file = try ImageFile.open(temporary.path, readOnly: false)
        let limits = DiskLimits(requests: .init(perSecond: 200, burst: 2), bytes: nil)
        var disk = try LimitedEngine(engine.disk(file), limits: limits)
        let events = try Epoll()
        try events.add(disk.completionEvent, .readable, token: 0)
        let data = Vectors([UInt8](repeating: 1, count: 512))
        let began = Clock.monotonic
        var done = 0, queued = 0, next = 0
        let total = 22
        while done < total {
            while next < total, next - done < disk.depth {
                let operation = BlockOperation.write(data.span, at: UInt64(next) * 512, count: 512, durable: false)
                switch disk.submit(operation, token: next % disk.depth) {
                case .completed(let failure):
                    #expect(failure == nil)
                    done += 1
                case .queued: queued += 1
                }
                next += 1
            }
            disk.commit()
            while let completion = disk.nextCompletion() {
                #expect(completion.failure == nil)
                done += 1
            }
            if done < min(next, total) { try events.wait { _, _ in } }
        }
        // 20 of them after the burst, 5 ms each.
        #expect(Clock.monotonic - began >= 95_000_000)
        #expect(queued > 0)
        // The timer is silent again: nothing keeps the worker awake, once a thread of the pool that is just ringing the
        // bell has got so far.
        var wakes = 0
        while wakes < 10_000, try events.wait(milliseconds: 0, { _, _ in }) > 0 {
            #expect(disk.nextCompletion() == nil)
            wakes += 1
            Pause.briefly()
        }
        #expect(wakes < 10_000)
    }

    @Test("a drain does not wait for the limits")
    func drain() throws {
        let temporary = try TemporaryFile(hole: 1 << 20)
        let file = try ImageFile.open(temporary.path, readOnly: false)
        let limits = DiskLimits(requests: nil, bytes: .init(perSecond: 1, burst: 1))
        var disk = try LimitedEngine(EngineUnderTest.ring.disk(file), limits: limits)
        let data = Vectors([4096])
        for token in 0..<disk.depth {
            _ = disk.submit(.write(data.span, at: 0, count: 4096, durable: false), token: token)
        }
        disk.commit()
        disk.drain()
        var tokens: Set<Int> = []
        while let completion = disk.nextCompletion() { tokens.insert(completion.token) }
        #expect(tokens.count == disk.depth)
    }
}
