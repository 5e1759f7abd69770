// SPDX-License-Identifier: Apache-2.0

import Network
import Testing

@Suite("Frame rates")
struct FrameThrottleTests {
    @Test(
        "what goes in a second is the rate and the burst, whatever the frames",
        arguments: [
            (UInt64(1_000_000), UInt64(10_000), 60), (1_000_000, 10_000, 1514), (125_000_000, 65_536, 65_550),
            (12_500_000_000, 1 << 20, 60), (1, 1, 1), (1000, 1, 60),
        ])
    func rate(perSecond: UInt64, burst: UInt64, frame: Int) {
        let start: UInt64 = 1 << 50
        let throttle = FrameThrottle(
            FrameRate(bytes: FrameRate.Bucket(perSecond: perSecond, burst: burst)), now: start)
        var now = start
        var sent: UInt64 = 0
        var waits = 0
        let end: UInt64 = 1_000_000_000
        while now - start < end, waits < 200_000 {
            let delay = throttle.delay(now: now)
            if delay > 0 {
                now += delay
                waits += 1
                #expect(throttle.delay(now: now) == 0, "the delay is as long as it must be")
                continue
            }
            throttle.charge(bytes: frame, now: now)
            sent += UInt64(frame)
        }
        let seconds = Double(now - start) / 1e9
        let most = Double(perSecond) * seconds + Double(burst) + Double(frame)
        #expect(Double(sent) <= most * 1.001 + 1)
        #expect(Double(sent) >= Double(perSecond) * seconds * 0.999 - Double(frame))
    }

    @Test("a pause saves no more than the burst")
    func pause() {
        let throttle = FrameThrottle(FrameRate(frames: FrameRate.Bucket(perSecond: 100, burst: 5)), now: 0)
        for now: UInt64 in [0, 60_000_000_000] {
            var sent = 0
            while throttle.delay(now: now) == 0 {
                throttle.charge(bytes: 60, now: now)
                sent += 1
            }
            #expect(sent == 5)
        }
    }

    @Test("of two limits the tighter one holds")
    func both() {
        let throttle = FrameThrottle(
            FrameRate(
                bytes: FrameRate.Bucket(perSecond: 1_000_000_000, burst: 1_000_000),
                frames: FrameRate.Bucket(perSecond: 10, burst: 2)), now: 0)
        throttle.charge(bytes: 60, now: 0)
        #expect(throttle.delay(now: 0) == 0)
        throttle.charge(bytes: 60, now: 0)
        #expect(throttle.delay(now: 0) > 0)
        #expect(throttle.delay(now: 100_000_001) == 0)
        throttle.charge(bytes: 2_000_000, now: 100_000_001)
        #expect(throttle.delay(now: 100_000_001) > 0)
    }
}
