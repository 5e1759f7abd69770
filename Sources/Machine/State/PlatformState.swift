// SPDX-License-Identifier: Apache-2.0

public import Devices
public import PCI
public import Record

/// The state of what every machine has at fixed places.
public struct PlatformState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "platform"

    /// Bridges and the latched configuration address.
    public var chipset: ChipsetState
    /// The serial port with unread input.
    public var serial: SerialState
    /// The clock and CMOS memory.
    public var clock: RTCState
    /// The ACPI power management block.
    public var power: PowerState
    /// Whether the keyboard controller waits for its output lines.
    public var keyboard: Bool
    /// Port 0x92.
    public var systemControl: UInt8
    /// Port 0xCF9.
    public var resetControl: UInt8
    /// Port 0x80.
    public var postCode: UInt8

    /// Everything now; exact while no vCPU runs.
    init(_ platform: PlatformDevices, chipset: ChipsetState) {
        self.chipset = chipset
        serial = platform.serial.state
        clock = platform.clock.state
        power = platform.power.state
        keyboard = platform.keyboard.state
        systemControl = platform.systemControl.state
        resetControl = platform.resetControl.state
        postCode = platform.postCode.code
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("chipset", chipset)
        fields.put("serial", serial)
        fields.put("clock", clock)
        fields.put("power", power)
        fields.put("keyboard", keyboard)
        fields.put("systemControl", systemControl)
        fields.put("resetControl", resetControl)
        fields.put("postCode", postCode)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        chipset = try fields.take("chipset")
        serial = try fields.take("serial")
        clock = try fields.take("clock")
        power = try fields.take("power")
        keyboard = try fields.take("keyboard")
        systemControl = try fields.take("systemControl")
        resetControl = try fields.take("resetControl")
        postCode = try fields.take("postCode")
    }
}
