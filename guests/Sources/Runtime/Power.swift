// SPDX-License-Identifier: Apache-2.0

import Hardware

/// The ways out.
public enum Power {
    /// Powers off: ACPI S5 by PM1a_CNT, then QEMU's isa-debug-exit with `status`, then a processor that sleeps for good.
    static func off(_ status: UInt8) -> Never {
        hw_out16(0x604, 0x2000)
        hw_out8(0xF4, status)
        Processor.stop()
    }

    /// Resets by the chipset's reset register 0xCF9.
    public static func resetByChipset() {
        hw_out8(0xCF9, 0x02)
        hw_out8(0xCF9, 0x06)
    }

    /// Resets by the keyboard controller's pulse of its reset line.
    public static func resetByKeyboardController() {
        hw_out8(0x64, 0xFE)
    }
}
