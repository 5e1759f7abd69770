// SPDX-License-Identifier: Apache-2.0

/// The battery-backed memory of a PC and the clock in it (Motorola MC146818A datasheet; PC/AT century byte at 0x32).
///
/// The clock keeps no time of its own: it is the host's real time plus an offset that the guest changes by setting it.
/// While the guest holds the clock (SET of register B, or the divider in reset) the time bytes are plain memory.
public struct RTCState: Equatable, Sendable {
    /// The 128 bytes. Those of time and date are only valid while the clock is held.
    var bytes = [UInt8](repeating: 0, count: RTCState.byteCount)
    /// The byte that port 0x71 shows.
    var index: UInt8 = 0
    /// Guest time less host time: whole seconds.
    var offsetSeconds: Int64 = 0
    /// The rest of it in nanoseconds, 0 to 999999999.
    var offsetNanoseconds: Int64 = 0
    /// Up to when the flags of register C are complete, in guest time: seconds and nanoseconds.
    var checkedSeconds: Int64 = 0
    var checkedNanoseconds: Int64 = 0

    static let byteCount = 128
    static let second: Int64 = 1_000_000_000

    static let a = 0x0A
    static let b = 0x0B
    static let c = 0x0C
    static let d = 0x0D
    static let century = 0x32

    /// Register B.
    static let set: UInt8 = 0x80
    static let periodic: UInt8 = 0x40
    static let alarm: UInt8 = 0x20
    static let update: UInt8 = 0x10
    static let binary: UInt8 = 0x04
    static let hours24: UInt8 = 0x02
    /// Register C has the flags at the places where B has their enable bits.
    static let request: UInt8 = 0x80
    /// Register A.
    static let updating: UInt8 = 0x80
    /// How long register A announces an update, in nanoseconds (datasheet table 5, 244 µs).
    static let announcement: Int64 = 244_140

    /// A clock in step with the host, BCD and 24 hours, with the rate a PC's firmware sets.
    init() {
        bytes[RTCState.a] = 0x26
        bytes[RTCState.b] = RTCState.hours24
        bytes[RTCState.d] = 0x80
    }

    var isHeld: Bool { bytes[RTCState.b] & RTCState.set != 0 || dividerResets }
    var dividerResets: Bool { bytes[RTCState.a] & 0x60 == 0x60 }
    var interruptsPending: Bool { bytes[RTCState.c] & bytes[RTCState.b] & 0x70 != 0 }

    /// Guest time for a host time in nanoseconds.
    func time(_ host: UInt64) -> (seconds: Int64, nanoseconds: Int64) {
        let sum = Int64(host % UInt64(RTCState.second)) + offsetNanoseconds
        return (Int64(host / UInt64(RTCState.second)) &+ offsetSeconds &+ sum / RTCState.second, sum % RTCState.second)
    }

    /// Whether an index names a byte of the running time.
    static func isTime(_ index: Int) -> Bool {
        switch index {
        case 0, 2, 4, 6, 7, 8, 9, century: true
        default: false
        }
    }

    /// The byte of a time at an index for which `isTime` holds.
    func byte(of time: CalendarTime, at index: Int) -> UInt8 {
        switch index {
        case 0: encode(time.second)
        case 2: encode(time.minute)
        case 4: encodeHour(time.hour)
        case 6: encode(time.weekday)
        case 7: encode(time.day)
        case 8: encode(time.month)
        case 9: encode((time.year % 100 + 100) % 100)
        default: encode(min(max(time.year / 100, 0), 99))
        }
    }

    /// The time that the bytes hold while the clock is held.
    var heldTime: CalendarTime {
        CalendarTime(
            year: decode(bytes[RTCState.century]) * 100 + decode(bytes[9]), month: decode(bytes[8]),
            day: decode(bytes[7]), hour: decodeHour(bytes[4]), minute: decode(bytes[2]), second: decode(bytes[0]))
    }

    private func encode(_ value: Int64) -> UInt8 {
        if bytes[RTCState.b] & RTCState.binary != 0 { return UInt8(truncatingIfNeeded: value) }
        return UInt8(truncatingIfNeeded: (value / 10) << 4 | value % 10)
    }

    func decode(_ byte: UInt8) -> Int64 {
        if bytes[RTCState.b] & RTCState.binary != 0 { return Int64(byte) }
        return Int64(byte >> 4) * 10 + Int64(byte & 0xF)
    }

    // Bit 7 is PM; 12 stands for the hour that starts the half day.
    private func encodeHour(_ hour: Int64) -> UInt8 {
        if bytes[RTCState.b] & RTCState.hours24 != 0 { return encode(hour) }
        return encode((hour + 11) % 12 + 1) | (hour >= 12 ? 0x80 : 0)
    }

    func decodeHour(_ byte: UInt8) -> Int64 {
        if bytes[RTCState.b] & RTCState.hours24 != 0 { return decode(byte) }
        return decode(byte & 0x7F) % 12 + (byte & 0x80 != 0 ? 12 : 0)
    }
}
