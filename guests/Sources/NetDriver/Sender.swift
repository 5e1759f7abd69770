// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Sends test frames, and when they are to come back verifies each and counts what is lost.
struct Sender {
    private let interface: Interface
    private let clock: Clock
    private let destination: UInt64
    private let bytes: Int
    private let count: UInt64
    private let window: UInt64
    private let expectsEcho: Bool
    private let lossAllowed: UInt64
    private var next: UInt64 = 0
    private var returned: UInt64 = 0
    private var highest: UInt64 = 0
    /// With several lanes, whose frames overtake each other: which have come back, a bit each.
    private var seen: [UInt64] = []
    private var lastProgress: UInt64 = 0

    init(_ interface: Interface, _ machine: Machine) {
        self.interface = interface
        clock = machine.clock
        let arguments = machine.arguments
        destination = arguments.number("dst", Frame.broadcast)
        bytes = min(max(Int(arguments.number("size", 1514)), TestFrame.smallest), Interface.frameLimit)
        count = arguments.number("count", 1000)
        window = max(arguments.number("window", 32), 1)
        expectsEcho = arguments.has("expect", "echo")
        lossAllowed = arguments.number("loss", 0)
    }

    mutating func run() throws(Failure) {
        if expectsEcho { try findPeer() }
        lastProgress = Clock.now
        let start = Clock.now
        while next < count || (expectsEcho && returned < next) {
            let room = next < count && (!expectsEcho || next - returned < window)
            if room {
                if try send(sequence: next + 1) {
                    next += 1
                    if expectsEcho || next % 32 == 0 || next == count { interface.flush() }
                    if expectsEcho { try collect() }
                    continue
                }
                interface.flush()
            }
            try collect()
            if expectsEcho, returned < next, clock.milliseconds(since: lastProgress) > 5000 { break }
            try interface.wait(transmitting: room)
        }
        let lost = expectsEcho ? count - returned : 0
        let microseconds = max((Clock.now &- start) * 1000 / clock.cyclesPerMillisecond, 1)
        report("result") {
            $0.field("kind", "sent")
            $0.field("frames", next)
            $0.field("bytes", next * UInt64(bytes))
            $0.field("returned", returned)
            $0.field("lost", lost)
            $0.field("us", microseconds)
            $0.field("frames_per_s", next * 1_000_000 / microseconds)
        }
        if lost > lossAllowed { throw Failure("frames-lost", seen: lost, wanted: lossAllowed) }
    }

    /// Sends sequence 0 until it comes back once: the other side may still be booting.
    private mutating func findPeer() throws(Failure) {
        let start = Clock.now
        while clock.milliseconds(since: start) < 60_000 {
            _ = try send(sequence: 0)
            interface.flush()
            for _ in 0..<20 {
                try interface.wait()
                while let frame = try interface.receive() {
                    if TestFrame.sequence(frame) == 0 { return }
                }
            }
        }
        throw Failure("no-peer")
    }

    private mutating func collect() throws(Failure) {
        while let frame = try interface.receive() {
            guard expectsEcho, let sequence = TestFrame.sequence(frame), sequence != 0 else { continue }
            try TestFrame.verify(frame, sequence: sequence)
            guard frame.length == bytes, sequence <= next else {
                throw Failure("frame-unexpected", seen: sequence, wanted: next)
            }
            try note(sequence)
            returned += 1
            lastProgress = Clock.now
        }
    }

    /// Frames come back once each, and in order where they take the same way.
    private mutating func note(_ sequence: UInt64) throws(Failure) {
        if interface.lanes.count == 1 {
            guard sequence > highest else { throw Failure("frame-repeated", seen: sequence, wanted: highest) }
        } else {
            let (word, bit) = (Int(sequence / 64), UInt64(1) << (sequence % 64))
            while seen.count <= word { seen.append(0) }
            guard seen[word] & bit == 0 else { throw Failure("frame-repeated", seen: sequence, wanted: highest) }
            seen[word] |= bit
        }
        highest = max(highest, sequence)
    }

    private func send(sequence: UInt64) throws(Failure) -> Bool {
        try interface.send {
            TestFrame.write($0, to: destination, from: interface.mac, sequence: sequence, bytes: bytes)
        }
    }
}
