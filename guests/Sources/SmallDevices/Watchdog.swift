// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// A driver of the i6300esb watchdog that stops feeding it.
struct Watchdog {
    private let machine: Machine
    private let function: PCIFunction
    private let registers: UInt64

    init(_ machine: Machine) throws(Failure) {
        self.machine = machine
        function = try PCI(machine).find(vendor: 0x8086, device: 0x25AB)
        registers = try function.bar(0)
        function.enable()
    }

    func run() throws(Failure) {
        let acted = hw_load16(registers + 12) & 0x1200 != 0
        report("result") {
            $0.field("kind", "watchdog")
            $0.field("acted", acted ? 1 : 0)
        }
        if acted { return }
        let ticks = UInt32(truncatingIfNeeded: machine.arguments.number("ticks", 256))
        function.write16(0x60, 3)
        function.write8(0x68, 0)
        for register in [UInt64(0), 4] {
            unlock()
            hw_store32(registers + register, ticks)
        }
        function.write8(0x68, 2)
        let start = Clock.now
        while machine.clock.milliseconds(since: start) < machine.arguments.number("feed", 200) {
            unlock()
            hw_store16(registers + 12, 0x100)
            machine.clock.spin(microseconds: 10_000)
        }
        report("result") { $0.field("kind", "starving") }
        let hungry = Clock.now
        while machine.clock.milliseconds(since: hungry) < 20_000 { hw_pause() }
        throw Failure("watchdog-sleeps")
    }

    private func unlock() {
        hw_store16(registers + 12, 0x80)
        hw_store16(registers + 12, 0x86)
    }
}
