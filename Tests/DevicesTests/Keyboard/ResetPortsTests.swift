// SPDX-License-Identifier: Apache-2.0

import Bus
import Devices
import Testing

@Suite("Reset ports")
struct ResetPortsTests {
    private let signals = RecordedSignals()

    @Test("only commands that pulse the reset line reset", arguments: 0...255 as ClosedRange<UInt64>)
    func commands(command: UInt64) {
        let controller = KeyboardController(signals: signals)
        controller.write(offset: 4, size: 1, value: command)
        #expect(signals.take() == (command >= 0xF0 && command % 2 == 0 ? ["reset"] : []))
    }

    @Test(
        "the output port's data byte resets with bit 0 low, once a command",
        arguments: [(0xD1, 0xFE, 1), (0xD1, 0xDF, 0), (0x60, 0xFE, 0), (0xD2, 0, 0)] as [(UInt64, UInt64, Int)])
    func outputPort(command: UInt64, data: UInt64, resets: Int) {
        let controller = KeyboardController(signals: signals)
        controller.write(offset: 4, size: 1, value: command)
        controller.write(offset: 0, size: 1, value: data)
        #expect(signals.take().count == resets)
        controller.write(offset: 0, size: 1, value: 0)
        #expect(signals.take() == [])
    }

    @Test("a probe finds the controller ready for commands and its data without end")
    func status() {
        let controller = KeyboardController(signals: signals)
        for _ in 0..<100 {
            #expect(controller.read(offset: 4, size: 1) & 0b11 == 0b01)
            #expect(controller.read(offset: 0, size: 1) == 0xFF)
        }
    }

    @Test("port 0x92 resets when bit 0 rises")
    func portA() {
        let port = SystemControlPort(signals: signals)
        #expect(port.read(offset: 0, size: 1) == 2)
        port.write(offset: 0, size: 1, value: 0)
        #expect(port.read(offset: 0, size: 1) == 0)
        #expect(signals.take() == [])
        port.write(offset: 0, size: 1, value: 3)
        #expect(signals.take() == ["reset"])
        port.write(offset: 0, size: 1, value: 0xFF)
        #expect(signals.take() == [])
        #expect(port.read(offset: 0, size: 1) == 3)
        port.reset()
        port.write(offset: 0, size: 1, value: 1)
        #expect(signals.take() == ["reset"])
    }

    @Test("register 0xCF9 resets with bit 2", arguments: 0...255 as ClosedRange<UInt64>)
    func resetControl(value: UInt64) {
        let register = ResetControl(signals: signals)
        register.write(offset: 0, size: 1, value: value)
        #expect(signals.take() == (value & 4 != 0 ? ["reset"] : []))
        #expect(register.read(offset: 0, size: 1) == value & 0xA)
    }

    @Test("a dword at 0xCF8 is the PCI host bridge's although 0xCF9 lies in it")
    func sharedPorts() {
        let pci = PostCodePort()
        let bus = PortBus([
            BusRange(start: ResetControl.port, count: 1, device: ResetControl(signals: signals)),
            BusRange(start: 0xCF8, count: 8, device: pci),
        ])
        bus.write(port: 0xCF8, size: 4, value: 0x8000_0404)
        #expect(signals.take() == [])
        #expect(pci.code == 0x80)
        bus.write(port: 0xCF9, size: 1, value: UInt64(ResetControl.resetValue))
        #expect(signals.take() == ["reset"])
    }

    @Test("no access harms them")
    func hostile() {
        sweep(KeyboardController(signals: signals), seed: 5)
        sweep(SystemControlPort(signals: signals), seed: 6)
        sweep(ResetControl(signals: signals), seed: 7)
    }
}
