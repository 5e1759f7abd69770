// SPDX-License-Identifier: Apache-2.0

/// The Fixed ACPI Description Table, revision 6.4: full fixed hardware, no SMI, always in ACPI mode (ACPI 6.4 §5.2.9).
enum FADT {
    /// Fixed feature flags (ACPI 6.4 table 5.10).
    struct Flags: OptionSet {
        let rawValue: UInt32
        static let wbinvd = Flags(rawValue: 1 << 0)
        static let processorC1 = Flags(rawValue: 1 << 2)
        static let noSleepButton = Flags(rawValue: 1 << 5)
        static let rtcWakeNotFixed = Flags(rawValue: 1 << 6)
        static let timer32 = Flags(rawValue: 1 << 8)
        static let resetRegister = Flags(rawValue: 1 << 10)
        static let apicClusterModel = Flags(rawValue: 1 << 18)
    }

    /// IA-PC boot architecture flags (ACPI 6.4 table 5.11).
    struct BootArchitecture: OptionSet {
        let rawValue: UInt16
        static let legacyDevices = BootArchitecture(rawValue: 1 << 0)
        static let noVGA = BootArchitecture(rawValue: 1 << 2)
        static let noASPM = BootArchitecture(rawValue: 1 << 4)
        static let noRTC = BootArchitecture(rawValue: 1 << 5)
    }

    /// The table for `platform`, pointing to a FACS and a DSDT below 4 GiB.
    static func table(for platform: PlatformDescription, facs: UInt32, dsdt: UInt32) -> [UInt8] {
        // Flat logical destinations reach eight APICs; more need the cluster model.
        var flags: Flags = [.wbinvd, .processorC1, .noSleepButton, .rtcWakeNotFixed, .timer32, .resetRegister]
        if platform.cpus.count > 8 { flags.insert(.apicClusterModel) }
        var boot: BootArchitecture = [.noVGA, .noASPM]
        if platform.serial { boot.insert(.legacyDevices) }
        if !platform.rtc { boot.insert(.noRTC) }

        var table = ACPITable(signature: "FACP", revision: 6)
        table.append(facs)
        table.append(dsdt)
        table.append([0, 0] as [UInt8])  // reserved, preferred profile: unspecified
        table.append(UInt16(truncatingIfNeeded: PlatformPorts.sciGSI))
        table.append(UInt32(0))  // SMI_CMD: none, the machine starts and stays in ACPI mode
        table.append([0, 0, 0, 0] as [UInt8])  // ACPI_ENABLE, ACPI_DISABLE, S4BIOS_REQ, PSTATE_CNT
        table.append(UInt32(PlatformPorts.pm1aEvent))
        table.append(UInt32(0))  // PM1b event
        table.append(UInt32(PlatformPorts.pm1aControl))
        table.append(UInt32(0))  // PM1b control
        table.append(UInt32(0))  // PM2 control
        table.append(UInt32(PlatformPorts.pmTimer))
        table.append(UInt32(0))  // GPE0
        table.append(UInt32(0))  // GPE1
        table.append([4, 2, 0, 4, 0, 0, 0, 0] as [UInt8])  // block lengths, GPE1 base, CST_CNT
        table.append(UInt16(0xFFFF))  // P_LVL2_LAT: C2 not supported
        table.append(UInt16(0xFFFF))  // P_LVL3_LAT: C3 not supported
        table.append(UInt16(0))  // FLUSH_SIZE
        table.append(UInt16(0))  // FLUSH_STRIDE
        table.append([0, 0] as [UInt8])  // DUTY_OFFSET, DUTY_WIDTH
        table.append([0, 0, platform.rtc ? PlatformPorts.centuryIndex : 0] as [UInt8])  // day, month alarm, century
        table.append(boot.rawValue)
        table.append(UInt8(0))
        table.append(flags.rawValue)
        table.appendPort(PlatformPorts.reset, bits: 8, accessBytes: 1)
        table.append(PlatformPorts.resetValue)
        table.append(UInt16(0))  // ARM boot architecture
        table.append(UInt8(4))  // minor revision
        table.append(UInt64(0))  // X_FIRMWARE_CTRL: the 32-bit one is used
        table.append(UInt64(dsdt))
        table.appendPort(PlatformPorts.pm1aEvent, bits: 32, accessBytes: 2)
        table.appendNoRegister()
        table.appendPort(PlatformPorts.pm1aControl, bits: 16, accessBytes: 2)
        table.appendNoRegister()
        table.appendNoRegister()
        table.appendPort(PlatformPorts.pmTimer, bits: 32, accessBytes: 4)
        table.appendNoRegister()
        table.appendNoRegister()
        table.appendNoRegister()  // SLEEP_CONTROL_REG
        table.appendNoRegister()  // SLEEP_STATUS_REG
        table.append(UInt64(0))  // hypervisor vendor identity
        return table.finished
    }

    /// The Firmware ACPI Control Structure: no waking vector, global lock free (ACPI 6.4 §5.2.10).
    static var facs: [UInt8] {
        var out: [UInt8] = []
        out.append(ascii: "FACS", count: 4)
        out.append(le: UInt32(64))
        out += [UInt8](repeating: 0, count: 24)
        out.append(2)
        out += [UInt8](repeating: 0, count: 31)
        return out
    }
}
