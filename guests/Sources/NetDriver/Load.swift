// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// As many frames as the device takes or brings, for measurements: nothing is made or looked at on the way.
struct Load {
    private let interface: Interface
    private let clock: Clock
    private let count: UInt64
    private let bytes: Int
    private let segment: UInt64
    private let batch: UInt64
    private let seconds: UInt64
    private let polls: Bool

    init(_ interface: Interface, _ machine: Machine) {
        self.interface = interface
        clock = machine.clock
        let arguments = machine.arguments
        count = arguments.number("count", 100_000)
        bytes = min(max(Int(arguments.number("size", 60)), 60), 65_535)
        segment = arguments.number("gso", 0)
        batch = max(arguments.number("batch", 32), 1)
        seconds = arguments.number("seconds", 30)
        polls = arguments.has("poll", "on")
    }

    /// Sends `count` frames over all lanes.
    func flood() throws(Failure) {
        for lane in interface.lanes { for slot in lane.idle { prepare(lane.transmitBuffer(slot)) } }
        let start = Clock.now
        var next: UInt64 = 0
        while next < count {
            var isStuck = true
            for lane in interface.lanes {
                var left = min(batch, count - next)
                while left > 0, let slot = try lane.takeIdle() {
                    guard lane.send(slot, bytes: bytes) else { break }
                    left -= 1
                    next += 1
                    isStuck = false
                }
                lane.transmitQueue.publish()
            }
            if isStuck { try rest(transmitting: true) }
        }
        for lane in interface.lanes {
            while lane.transmitQueue.free < lane.transmitQueue.size {
                guard let slot = try lane.transmitQueue.take() else {
                    try rest(transmitting: true)
                    continue
                }
                _ = slot
            }
        }
        interface.count(sent: next)
        tell("flood", frames: next, bytes: next * UInt64(bytes), since: start)
    }

    /// Takes `count` frames; the time counts from the first one.
    func drain() throws(Failure) {
        report("result") { $0.field("kind", "listening") }
        let began = Clock.now
        var start = began
        var (frames, total) = (UInt64(0), UInt64(0))
        while frames < count, clock.milliseconds(since: began) < seconds * 1000 {
            let now = try interface.drain(limit: 256)
            if now.frames == 0 {
                try rest(transmitting: false)
                continue
            }
            if frames == 0 { start = Clock.now }
            frames += UInt64(now.frames)
            total += UInt64(now.bytes)
        }
        tell("drain", frames: frames, bytes: total, since: start)
    }

    private func rest(transmitting: Bool) throws(Failure) {
        if polls {
            hw_pause()
        } else {
            try interface.wait(transmitting: transmitting)
        }
    }

    /// A frame to nobody: an Ethernet frame of the type for experiments, or an IPv4 TCP segment to be cut up.
    private func prepare(_ address: UInt64) {
        Physical.clear(address, bytes: Interface.headerBytes + bytes)
        let frame = Frame(address: address + UInt64(Interface.headerBytes), length: bytes)
        frame.set(0, 6, 0x02_0000_0000_FE)
        frame.set(6, 6, interface.mac)
        guard segment > 0 else { return frame.set(12, 2, TestFrame.type) }
        frame.set(12, 2, 0x0800)
        frame.set(14, 2, 0x4500)
        frame.set(16, 2, UInt64(bytes - 14))
        frame.set(22, 2, 0x4006)
        frame.set(26, 4, 0x0A00_0002)
        frame.set(30, 4, 0x0A00_0001)
        frame.set(24, 2, frame.checksum(14..<34))
        frame.set(34, 4, 0x1388_1388)
        frame.set(46, 4, 0x5010_FFFF)
        // The virtio header is little-endian: checksum to be filled in, TCP over IPv4.
        Physical.write8(address, 1)
        Physical.write8(address + 1, 1)
        for (offset, value) in [(UInt64(2), UInt64(54)), (4, segment), (6, 34), (8, 16)] {
            Physical.write8(address + offset, UInt8(truncatingIfNeeded: value))
            Physical.write8(address + offset + 1, UInt8(truncatingIfNeeded: value >> 8))
        }
    }

    private func tell(_ kind: StaticString, frames: UInt64, bytes: UInt64, since start: UInt64) {
        let microseconds = max((Clock.now &- start) * 1000 / clock.cyclesPerMillisecond, 1)
        report("result") {
            $0.field("kind", kind)
            $0.field("frames", frames)
            $0.field("bytes", bytes)
            $0.field("us", microseconds)
            $0.field("frames_per_s", frames * 1_000_000 / microseconds)
            $0.field("mb_per_s", bytes / microseconds)
            $0.field("interrupts", interface.interrupts)
            $0.field("kicks", interface.kicks)
        }
    }
}
