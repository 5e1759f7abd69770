// SPDX-License-Identifier: Apache-2.0

extension RTCState {
    /// Reads the byte that `index` selects.
    mutating func read(host: UInt64) -> UInt8 {
        let index = Int(index)
        switch index {
        case RTCState.a:
            let soon = time(host).nanoseconds >= RTCState.second - RTCState.announcement
            return bytes[RTCState.a] & 0x7F | (soon && !isHeld ? RTCState.updating : 0)
        case RTCState.c:
            catchUp(host: host)
            defer { bytes[RTCState.c] = 0 }
            return bytes[RTCState.c] | (interruptsPending ? RTCState.request : 0)
        default:
            guard RTCState.isTime(index), !isHeld else { return bytes[index] }
            return byte(of: CalendarTime(seconds: time(host).seconds), at: index)
        }
    }

    /// Writes the byte that `index` selects.
    mutating func write(_ value: UInt8, host: UInt64) {
        let index = Int(index)
        switch index {
        case RTCState.a, RTCState.b:
            catchUp(host: host)
            let wasHeld = isHeld, reset = dividerResets
            if !wasHeld { hold(host: host) }
            if index == RTCState.a {
                bytes[index] = value & 0x7F
            } else {
                // Setting SET clears the update interrupt's enable bit (datasheet, register B).
                bytes[index] = value & RTCState.set != 0 ? value & ~RTCState.update : value
            }
            // A new format shows the same time in other bytes.
            if !wasHeld, isHeld { hold(host: host) }
            if wasHeld, !isHeld { release(host: host, dividerWasReset: reset) }
        case RTCState.c, RTCState.d: break
        default:
            guard RTCState.isTime(index) else {
                catchUp(host: host)
                bytes[index] = value
                return
            }
            if isHeld {
                bytes[index] = value
            } else {
                catchUp(host: host)
                hold(host: host)
                bytes[index] = value
                release(host: host, dividerWasReset: false)
            }
        }
    }

    /// Puts the running time into its bytes.
    private mutating func hold(host: UInt64) {
        let now = CalendarTime(seconds: time(host).seconds)
        for index in [0, 2, 4, 6, 7, 8, 9, RTCState.century] { bytes[index] = byte(of: now, at: index) }
    }

    /// Starts the clock from its bytes. A divider that leaves reset updates half a second later (datasheet, "divider
    /// control"), on which Linux relies; otherwise the second keeps its phase.
    private mutating func release(host: UInt64, dividerWasReset: Bool) {
        let phase = dividerWasReset ? RTCState.second / 2 : time(host).nanoseconds
        let hostSeconds = Int64(host / UInt64(RTCState.second))
        let hostNanoseconds = Int64(host % UInt64(RTCState.second))
        offsetSeconds = heldTime.seconds - hostSeconds - (phase < hostNanoseconds ? 1 : 0)
        offsetNanoseconds = phase - hostNanoseconds + (phase < hostNanoseconds ? RTCState.second : 0)
        (checkedSeconds, checkedNanoseconds) = time(host)
    }

    /// What a machine reset does: interrupts off, the rest has a battery.
    mutating func reset() {
        bytes[RTCState.b] &= ~(RTCState.periodic | RTCState.alarm | RTCState.update)
        bytes[RTCState.c] = 0
        index = 0
    }
}
