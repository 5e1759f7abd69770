// SPDX-License-Identifier: Apache-2.0

extension RTCState {
    /// Nanoseconds between periodic events, or nil when there are none (datasheet table 3, 32768 Hz).
    var period: Int64? {
        let rate = Int64(bytes[RTCState.a] & 0xF)
        guard rate > 0, !dividerResets else { return nil }
        // Rates 1 and 2 repeat 8 and 9.
        let shift = rate <= 2 ? rate + 6 : rate - 1
        return RTCState.second << shift / 32_768
    }

    /// The first second after `seconds` at which the alarm bytes match, or nil when they never do.
    func nextAlarm(after seconds: Int64) -> Int64? {
        // Two high bits set mean "any".
        func wanted(_ byte: UInt8, _ limit: Int64, _ decode: (UInt8) -> Int64) -> Int64?? {
            if byte & 0xC0 == 0xC0 { return .some(nil) }
            let value = decode(byte)
            return 0..<limit ~= value ? .some(value) : nil
        }
        guard let second = wanted(bytes[1], 60, decode), let minute = wanted(bytes[3], 60, decode),
            let hour = wanted(bytes[5], 24, decodeHour)
        else { return nil }
        var t = seconds &+ 1
        // At most an hour's, a minute's and a second's steps to their match and once more after a carry.
        for _ in 0..<512 {
            let now = CalendarTime(seconds: t)
            if let hour, now.hour != hour {
                t = t &- now.minute * 60 &- now.second &+ 3600
            } else if let minute, now.minute != minute {
                t = t &- now.second &+ 60
            } else if let second, now.second != second {
                t = t &+ 1
            } else {
                return t
            }
        }
        return nil
    }

    /// Sets the flags of what happened since the last call.
    mutating func catchUp(host: UInt64) {
        let now = time(host)
        defer { (checkedSeconds, checkedNanoseconds) = now }
        let before = (seconds: checkedSeconds, nanoseconds: checkedNanoseconds)
        // A host clock that was set back makes nothing happen twice.
        guard now.seconds > before.seconds || (now.seconds == before.seconds && now.nanoseconds > before.nanoseconds)
        else { return }
        if let period {
            // Every period divides a second or is a second's multiple of 1/32768: count within the second.
            let passed =
                now.seconds != before.seconds || now.nanoseconds / period != before.nanoseconds / period
            if passed { bytes[RTCState.c] |= RTCState.periodic }
        }
        guard !isHeld, now.seconds > before.seconds else { return }
        bytes[RTCState.c] |= RTCState.update
        if let due = nextAlarm(after: before.seconds), due <= now.seconds { bytes[RTCState.c] |= RTCState.alarm }
    }

    /// Nanoseconds until the next enabled event, or nil while none is wanted: then, and as long as an interrupt that
    /// the guest has not acknowledged is pending, no timer runs.
    func untilNextEvent(host: UInt64) -> Int64? {
        guard !interruptsPending else { return nil }
        let now = time(host)
        var next: Int64?
        func consider(_ nanoseconds: Int64) { next = min(next ?? .max, max(nanoseconds, 1)) }
        let enabled = bytes[RTCState.b]
        if enabled & RTCState.periodic != 0, let period { consider(period - now.nanoseconds % period) }
        guard !isHeld else { return next }
        if enabled & RTCState.update != 0 { consider(RTCState.second - now.nanoseconds) }
        if enabled & RTCState.alarm != 0, let due = nextAlarm(after: now.seconds) {
            consider((due &- now.seconds) * RTCState.second - now.nanoseconds)
        }
        return next
    }
}
