// SPDX-License-Identifier: Apache-2.0

/// The registers of the ACPI power management block (ACPI 6.5 §4.8).
public struct PowerState: Equatable, Sendable {
    /// PM1 status; a bit is cleared by writing one to it.
    public var status: UInt16 = 0
    /// PM1 enable: which status bits interrupt.
    public var enable: UInt16 = 0
    /// The sleep type the guest wrote last, at its place in bits 10 to 12 of PM1 control, and BM_RLD in bit 1.
    public var control: UInt16 = 0
    /// General purpose event status, 64 events.
    public var eventStatus: UInt64 = 0
    /// General purpose event enable.
    public var eventEnable: UInt64 = 0
    /// How long the PM timer has run, in nanoseconds.
    public var timerNanoseconds: UInt64 = 0

    /// The registers as a reset leaves them.
    public init() {}

    /// PM1 bits (ACPI 6.5 table 4.10).
    static let timerBit: UInt16 = 1 << 0
    static let powerButtonBit: UInt16 = 1 << 8
    static let statusBits: UInt16 = 0b1000_0111_0011_0001
    static let enableBits: UInt16 = 0b0000_0111_0010_0001
    static let interruptsEnabled: UInt16 = 1 << 0
    static let controlBits: UInt16 = 0b0001_1100_0000_0010
    static let sleepType: UInt16 = 0b111 << 10
    static let sleepEnable: UInt16 = 1 << 13

    /// Whether the SCI is asserted.
    var interrupts: Bool { status & enable & PowerState.enableBits != 0 || eventStatus & eventEnable != 0 }

    /// The PM timer's frequency in Hz (ACPI 6.5 §4.8.2.1).
    static let frequency: UInt64 = 3_579_545

    /// Ticks in a time.
    static func ticks(_ nanoseconds: UInt64) -> UInt64 {
        let second: UInt64 = 1_000_000_000
        return nanoseconds / second &* frequency &+ nanoseconds % second * frequency / second
    }
}
