// SPDX-License-Identifier: Apache-2.0

/// Why a serial port interrupts, highest priority first (PC16550D datasheet, table IV).
struct SerialCauses: OptionSet, Equatable, Sendable {
    let rawValue: UInt8

    static let lineStatus = SerialCauses(rawValue: 1 << 0)
    static let received = SerialCauses(rawValue: 1 << 1)
    static let timeout = SerialCauses(rawValue: 1 << 2)
    static let transmitterEmpty = SerialCauses(rawValue: 1 << 3)
    static let modemStatus = SerialCauses(rawValue: 1 << 4)

    /// The low bits of IIR: 1 for nothing pending.
    var identification: UInt8 {
        if contains(.lineStatus) { return 0x6 }
        if contains(.received) { return 0x4 }
        if contains(.timeout) { return 0xC }
        if contains(.transmitterEmpty) { return 0x2 }
        return contains(.modemStatus) ? 0x0 : 0x1
    }
}
