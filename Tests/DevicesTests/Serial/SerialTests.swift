// SPDX-License-Identifier: Apache-2.0

import Bus
import Devices
import Linux
import Testing

@Suite("16550")
struct SerialTests {
    private let sink = RecordedSink()
    private let event: Event
    private let serial: Serial

    private final class Event: Sendable {
        let descriptor: EventFD
        init() throws { descriptor = try EventFD() }
    }

    init() throws {
        event = try Event()
        serial = Serial(interrupt: Interrupt(raw: event.descriptor.raw), sink: sink)
    }

    private func get(_ offset: UInt64) -> UInt64 { serial.read(offset: offset, size: 1) }
    private func put(_ offset: UInt64, _ value: UInt64) { serial.write(offset: offset, size: 1, value: value) }
    private func type(_ text: String) -> Int { serial.receive(Array(text.utf8).span) }
    private var interrupts: UInt64 { event.descriptor.drain() }

    @Test(
        "registers after a reset (datasheet table III)",
        arguments: [(0, 0), (1, 0), (2, 1), (3, 0), (4, 0), (5, 0x60), (6, 0xB0), (7, 0)] as [(UInt64, UInt64)])
    func afterReset(offset: UInt64, value: UInt64) {
        #expect(get(offset) == value)
        for other in 0..<8 as Range<UInt64> { put(other, 0x1F) }
        serial.reset()
        #expect(get(offset) == value)
    }

    @Test("the bits a driver can set", arguments: [(1, 0x0F), (3, 0xFF), (4, 0x1F), (7, 0xFF)] as [(UInt64, UInt64)])
    func writableBits(offset: UInt64, mask: UInt64) {
        put(offset, 0xFF)
        #expect(get(offset) == mask)
        put(offset, 0)
        #expect(get(offset) == 0)
    }

    @Test("the divisor lies behind DLAB and hides the data and enable registers")
    func divisor() {
        put(1, 0x05)
        put(3, 0x83)
        put(0, 0x34)
        put(1, 0x12)
        #expect(get(0) == 0x34)
        #expect(get(1) == 0x12)
        put(3, 0x03)
        #expect(get(1) == 0x05)
        #expect(sink.take() == [])
    }

    @Test("Linux finds a 16550A: scratch, FIFO bits, loopback")
    func linuxProbe() {
        put(1, 0)
        #expect(get(1) == 0)
        put(1, 0x0F)
        #expect(get(1) & 0x0F == 0x0F)
        put(1, 0)
        put(4, 0x1A)
        #expect(get(6) & 0xF0 == 0x90)
        put(4, 0)
        put(2, 1)
        #expect(get(2) >> 6 == 3)
        // 8250_port's THRE test: the interrupt shows again after it was disabled and enabled.
        put(1, 2)
        #expect(get(2) & 0xF == 2)
        #expect(get(2) & 0xF == 1)
        put(1, 0)
        put(1, 2)
        #expect(get(2) & 0xF == 2)
    }

    @Test("a byte written is sent at once and the transmitter stays empty")
    func transmit() {
        for byte in "boot\n".utf8 {
            put(0, UInt64(byte))
            #expect(get(5) == 0x60)
        }
        #expect(sink.take() == Array("boot\n".utf8))
        #expect(interrupts == 0)
    }

    @Test("the empty transmitter interrupts when enabled, after writes, and not after IIR was read")
    func transmitterInterrupt() {
        put(1, 2)
        #expect(interrupts == 1)
        #expect(get(2) == 2)
        #expect(get(2) == 1)
        for _ in 0..<16 { put(0, 0x41) }
        #expect(interrupts == 1)
        #expect(get(2) == 2)
        #expect(get(2) == 1)
        put(1, 2)
        #expect(interrupts == 0)
        put(1, 0)
        put(1, 2)
        #expect(interrupts == 1)
    }

    @Test(
        "received data interrupts at the trigger level and below it as a timeout",
        arguments: [
            (0x00, 1, 0x04), (0x01, 1, 0xC4), (0x41, 3, 0xCC), (0x41, 4, 0xC4), (0x81, 7, 0xCC), (0x81, 8, 0xC4),
            (0xC1, 13, 0xCC), (0xC1, 14, 0xC4), (0xC1, 16, 0xC4), (0xC1, 100, 0xC4), (0x00, 50, 0x04),
        ] as [(UInt64, Int, UInt64)])
    func triggerLevels(control: UInt64, count: Int, identification: UInt64) {
        put(2, control)
        put(1, 1)
        #expect(type(String(repeating: "x", count: count)) == count)
        #expect(interrupts == 1)
        #expect(get(2) == identification)
        for _ in 0..<count {
            #expect(get(5) == 0x61)
            #expect(get(0) == UInt64(UInt8(ascii: "x")))
        }
        #expect(get(5) == 0x60)
        #expect(get(2) & 0xF == 1)
        _ = interrupts
        #expect(type("y") == 1)
        #expect(interrupts == 1)
    }

    @Test("causes are reported by priority and each goes by its own register")
    func priorities() {
        put(2, 0x01)
        put(4, 0x10)
        put(4, 0x00)
        put(1, 0x0F)
        serial.receiveBreak()
        #expect(get(2) == 0xC6)
        #expect(get(5) == 0xF1)  // DR, BI, THRE, TEMT, an error in the FIFO
        #expect(get(5) == 0x61)
        #expect(get(2) == 0xC4)
        #expect(get(0) == 0)
        #expect(get(2) == 0xC2)
        #expect(get(2) == 0xC0)
        #expect(get(6) & 0x0F != 0)
        #expect(get(2) == 0xC1)
    }

    @Test(
        "loopback brings the outputs to the inputs",
        arguments: [(0x10, 0x00), (0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1F, 0xF0)]
            as [(UInt64, UInt64)])
    func loopback(control: UInt64, inputs: UInt64) {
        put(4, control)
        #expect(get(6) & 0xF0 == inputs)
        put(0, 0x55)
        #expect(sink.take() == [])
        #expect(get(5) & 1 == 1)
        #expect(get(0) == 0x55)
    }

    @Test(
        "the receiver overruns behind its last place",
        arguments: [(0x00, 1), (0x01, 16)] as [(UInt64, Int)])
    func overrun(control: UInt64, depth: Int) {
        put(2, control)
        put(4, 0x10)
        put(1, 4)
        for i in 0..<depth { put(0, UInt64(i)) }
        #expect(interrupts == 0)
        put(0, 0xEE)
        #expect(interrupts == 1)
        #expect(get(2) & 0xF == 6)
        #expect(get(5) & 0x03 == 0x03)
        #expect(get(5) & 0x02 == 0)
        // FIFOs keep what they have, a lone register the newest (datasheet, LSR bit 1).
        #expect(get(0) == (depth == 1 ? 0xEE : 0))
    }

    @Test("input is held while nobody reads, refused beyond that, and asked for again when half is read")
    func backpressure() {
        put(2, 1)
        let flood = [UInt8](repeating: 7, count: 5000)
        let taken = serial.receive(flood.span)
        #expect((16 + 512...5000).contains(taken) && taken < 5000)
        while serial.room() > 0 { #expect(serial.receive(flood.span) > 0) }
        #expect(serial.receive(flood.span) == 0)
        #expect(sink.takeRooms() == 0)
        var read = 0
        while sink.takeRooms() == 0 {
            #expect(get(0) == 7)
            read += 1
            guard read < 5000 else {
                Issue.record("the sink was never told of room")
                return
            }
        }
        #expect(serial.room() >= 512)
        while get(5) & 1 == 1 {
            #expect(get(0) == 7)
            read += 1
        }
        #expect(read >= 1024)
        #expect(sink.takeRooms() == 0)
    }

    @Test("clearing the FIFO drops what is in it, not what is still on the line")
    func clear() {
        put(2, 1)
        #expect(type("0123456789abcdefXY") == 18)
        put(2, 3)
        #expect(get(0) == UInt64(UInt8(ascii: "X")))
        #expect(get(0) == UInt64(UInt8(ascii: "Y")))
        #expect(get(5) & 1 == 0)
    }

    @Test("wide accesses are bytes at rising addresses")
    func wide() {
        serial.write(offset: 3, size: 2, value: 0x0B03)
        #expect(get(3) == 0x03)
        #expect(get(4) == 0x0B)
        #expect(serial.read(offset: 3, size: 4) == 0xB060_0B03)
    }

    @Test("a saved port goes on where it was and interrupts for what is pending")
    func restore() throws {
        put(2, 0xC1)
        put(1, 1)
        put(7, 0x5A)
        #expect(type("late input") == 10)
        _ = interrupts
        let other = try EventFD()
        let copy = Serial(interrupt: Interrupt(raw: other.raw), sink: sink)
        copy.restore(serial.state)
        #expect(other.drain() == 1)
        #expect(copy.state == serial.state)
        #expect(copy.read(offset: 7, size: 1) == 0x5A)
        var text: [UInt8] = []
        while copy.read(offset: 5, size: 1) & 1 == 1 { text.append(UInt8(copy.read(offset: 0, size: 1))) }
        #expect(text == Array("late input".utf8))
    }

    @Test("no access harms it")
    func hostile() {
        sweep(serial, seed: 10)
        serial.reset()
        put(0, 0x21)
        #expect(sink.take().last == 0x21)
    }
}
