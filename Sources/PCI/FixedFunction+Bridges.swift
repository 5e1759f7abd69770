// SPDX-License-Identifier: Apache-2.0

extension FixedFunction {
    /// The host bridge of Intel's Q35: 8086:29c0 at 00:00.0 (Intel 3 series datasheet §5.1).
    ///
    /// - Parameter ecam: where configuration space is mapped; PCIEXBAR says so and cannot be moved. 256 MiB.
    public static func hostBridge(ecam: Range<UInt64>) -> FixedFunction {
        var space = ConfigurationSpace(
            Identity(
                vendor: 0x8086, device: 0x29C0, revision: 0, classCode: 0x06_00_00, subsystemVendor: 0x1AF4,
                subsystem: 0x1100))
        space.set(ecam.lowerBound | 1, at: 0x60)
        // PAM0 to PAM6, SMRAM and ESMRAMC keep what firmware writes; the memory they would switch is always RAM.
        for i in 0..<7 { space.allow(UInt8(i == 0 ? 0x30 : 0x33), at: 0x90 + i) }
        space.set(UInt8(0x02), at: 0x9D)
        space.allow(UInt8(0x78), at: 0x9D)
        space.set(UInt8(0x38), at: 0x9E)
        return FixedFunction(space)
    }

    /// The LPC bridge of Intel's ICH9: 8086:2918 at 00:1f.0 (Intel ICH9 datasheet §13.1).
    ///
    /// - Parameter powerManagementBase: first port of the ACPI power management block; PMBASE says so and cannot be moved.
    public static func lpcBridge(powerManagementBase: UInt16) -> FixedFunction {
        var space = ConfigurationSpace(
            Identity(
                vendor: 0x8086, device: 0x2918, revision: 2, classCode: 0x06_01_00, subsystemVendor: 0x1AF4,
                subsystem: 0x1100),
            isMultifunction: true)
        space.set(UInt32(powerManagementBase) | 1, at: 0x40)
        // ACPI_CNTL: the block is on, its interrupt is IRQ 9.
        space.set(UInt8(0x80), at: 0x44)
        // PIRQA to PIRQH are routed to no ISA interrupt: no function here has an interrupt pin.
        for i in [0x60, 0x61, 0x62, 0x63, 0x68, 0x69, 0x6A, 0x6B] {
            space.set(UInt8(0x80), at: i)
            space.allow(UInt8(0x8F), at: i)
        }
        // I/O decode ranges and RCBA keep what firmware writes; RCBA starts disabled and nothing is behind it.
        space.allow(UInt32(0x3F0F_1377), at: 0x80)
        space.allow(UInt32(0xFFFF_C001), at: 0xF0)
        return FixedFunction(space)
    }
}
