// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Drives a virtio-net device.
///
/// `mode=echo` (default) answers and reflects; `mode=send` sends `count=` frames (1000) of `size=` bytes (1514) to `dst=`
/// (a MAC as 0x…, broadcast by default), and with `expect=echo` verifies each that comes back, at most `window=` (32) under
/// way; `mode=sink` counts and verifies; `mode=flood` sends `count=` frames of `size=` bytes that were made once, as TCP
/// segments of `gso=` bytes where given (with `offload=on`); `mode=drain` takes `count=` frames without looking at them,
/// for `seconds=` at most. `poll=on` never sleeps. `pairs=` queue pairs (1), `control=on` the control queue for one. `ip=` a.b.c.d to answer for; `seconds=` ends echo and sink (10; 0: never), `count=`
/// frames too; `nic=` which device (0); `rxbuf=` bytes a receive buffer; `mrg=off`, `indirect=off`, `eventidx=off`,
/// `ring=packed`.
@main
struct NetDriver: Payload {
    static let name: StaticString = "netdriver"

    static func run(_ machine: Machine) throws(Failure) {
        let interface = try Interface(machine)
        report("result") {
            $0.field("kind", "device")
            $0.hex("mac", interface.mac)
            $0.hex("features", interface.features)
            $0.field("link", interface.linkIsUp ? "up" : "down")
            $0.field("pairs", interface.pairs)
            if interface.features & NetFeatures.mtu != 0 {
                $0.field("mtu", UInt64(hw_load16(interface.device.config + 10)))
            }
        }
        let start = Clock.now
        if machine.arguments.has("mode", "features") { return }
        if machine.arguments.has("mode", "flood") { return try Load(interface, machine).flood() }
        if machine.arguments.has("mode", "drain") { return try Load(interface, machine).drain() }
        if machine.arguments.has("mode", "send") {
            var sender = Sender(interface, machine)
            try sender.run()
        } else {
            try listen(interface, machine, answers: !machine.arguments.has("mode", "sink"))
        }
        let elapsed = max(machine.clock.milliseconds(since: start), 1)
        report("result") {
            $0.field("kind", "frames")
            $0.field("received", interface.received)
            $0.field("sent", interface.sent)
            $0.field("merged", interface.merged)
            $0.field("ms", elapsed)
            $0.field("frames_per_s", (interface.received + interface.sent) * 1000 / elapsed)
            $0.field("interrupts", interface.interrupts)
            $0.field("kicks", interface.kicks)
        }
    }

    /// Echo and sink: takes frames until the time or the number is reached.
    private static func listen(_ interface: Interface, _ machine: Machine, answers: Bool) throws(Failure) {
        let responder = Responder(mac: interface.mac, ip: address(machine.arguments))
        let seconds = machine.arguments.number("seconds", 10)
        let count = machine.arguments.number("count", .max)
        let start = Clock.now
        var gaps: UInt64 = 0
        var expected: UInt64?
        report("result") { $0.field("kind", "listening") }
        while interface.received < count, seconds == 0 || machine.clock.milliseconds(since: start) < seconds * 1000 {
            guard let frame = try interface.receive() else {
                interface.flush()
                try interface.wait()
                continue
            }
            if let sequence = TestFrame.sequence(frame) {
                try TestFrame.verify(frame, sequence: sequence)
                if let expected, sequence > expected { gaps += sequence - expected }
                expected = sequence + 1
            }
            guard answers, let answer = responder.answer(frame) else { continue }
            while try !interface.send({ target in
                responder.write(answer, in: frame.copy(to: target))
                return frame.length
            }) {
                interface.flush()
                try interface.wait(transmitting: true)
            }
        }
        interface.flush()
        report("result") {
            $0.field("kind", "sequence")
            $0.field("gaps", gaps)
        }
    }

    /// `ip=` as a number.
    private static func address(_ arguments: Arguments) -> UInt64? {
        guard let text = arguments.bytes("ip") else { return nil }
        var (value, part, dots) = (UInt64(0), UInt64(0), 0)
        for byte in text {
            switch byte {
            case 0x30...0x39: part = part &* 10 &+ UInt64(byte - 0x30)
            case 0x2E:
                value = value << 8 | part & 0xFF
                part = 0
                dots += 1
            default: return nil
            }
        }
        return dots == 3 ? value << 8 | part & 0xFF : nil
    }
}
