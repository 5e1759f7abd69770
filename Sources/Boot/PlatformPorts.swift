// SPDX-License-Identifier: Apache-2.0

/// Fixed ports and interrupts the tables promise; the devices of the same names sit there.
public enum PlatformPorts {
    /// PM1a event block: status and enable, two bytes each.
    public static let pm1aEvent: UInt16 = 0x600
    /// PM1a control block, two bytes.
    public static let pm1aControl: UInt16 = 0x604
    /// PM timer, 32 bits at 3.579545 MHz.
    public static let pmTimer: UInt16 = 0x608
    /// Ports of the PM block which the tables reserve.
    public static let pmBlock: ClosedRange<UInt16> = 0x600...0x67F
    /// The reset register.
    public static let reset: UInt16 = 0xCF9
    /// The value that resets the machine.
    public static let resetValue: UInt8 = 0x06
    /// The system control interrupt: level, active high.
    public static let sciGSI: UInt32 = 9
    /// First port of COM1, eight ports.
    public static let serial: UInt16 = 0x3F8
    /// COM1's interrupt line.
    public static let serialIRQ: UInt8 = 4
    /// First port of the CMOS clock, two ports.
    public static let rtc: UInt16 = 0x70
    /// The CMOS clock's interrupt line.
    public static let rtcIRQ: UInt8 = 8
    /// The pvpanic port.
    public static let pvpanic: UInt16 = 0x505
    /// SLP_TYP of soft off as `_S5` names it.
    public static let softOffSleepType: UInt8 = 0
    /// CMOS index of the century.
    public static let centuryIndex: UInt8 = 0x32
}
