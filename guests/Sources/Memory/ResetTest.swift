// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Resets the machine and looks what the next boot finds. The count of boots lives in CMOS, which a reset keeps.
struct ResetTest {
    private static let magic: UInt64 = 0xA905_AEB0_0700_5EED
    /// Bytes that neither the RTC nor a PC firmware uses.
    private static let countIndex: UInt8 = 0x3E
    private static let sealIndex: UInt8 = 0x3F
    private let machine: Machine

    init(_ machine: Machine) {
        self.machine = machine
    }

    func run(_ reset: () -> Void) throws(Failure) {
        let boots = readCount()
        if boots > 0 { try lookBack(boots) }
        guard UInt64(boots) < machine.arguments.number("resets", 1) else {
            writeCount(0, seal: 0)
            return
        }
        for page in marked() { Physical.write64(page, ResetTest.magic) }
        writeCount(boots + 1, seal: ~(boots + 1))
        report("result") {
            $0.field("kind", "reset")
            $0.field("boot", UInt64(boots) + 1)
        }
        reset()
        machine.clock.spin(microseconds: 5_000_000)
        throw Failure("reset-ignored")
    }

    private func lookBack(_ boots: UInt8) throws(Failure) {
        var kept: UInt64 = 0
        for page in marked() where Physical.read64(page) != 0 { kept += 1 }
        report("apus-guest") {
            $0.word("memory")
            $0.word(boots == 1 ? "second boot," : "later boot,")
            $0.word(kept == 0 ? "memory cleared" : "memory kept")
        }
        let expectsKept = machine.arguments.has("expect", "kept")
        if expectsKept != (kept > 0) { throw Failure("memory-after-reset", seen: kept) }
    }

    /// The first free page, and the last of each RAM range above it.
    private func marked() -> [UInt64] {
        var pages = [machine.freeStart]
        for range in machine.memory where range.isRAM && range.end > machine.freeStart + 4096 {
            pages.append((range.end & ~4095) - 4096)
        }
        return pages
    }

    private func readCount() -> UInt8 {
        let (count, seal) = (read(ResetTest.countIndex), read(ResetTest.sealIndex))
        return count == ~seal ? count : 0
    }

    private func writeCount(_ count: UInt8, seal: UInt8) {
        write(ResetTest.countIndex, count)
        write(ResetTest.sealIndex, seal)
    }

    private func read(_ index: UInt8) -> UInt8 {
        hw_out8(0x70, index)
        return hw_in8(0x71)
    }

    private func write(_ index: UInt8, _ value: UInt8) {
        hw_out8(0x70, index)
        hw_out8(0x71, value)
    }
}
