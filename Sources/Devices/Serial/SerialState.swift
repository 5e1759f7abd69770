// SPDX-License-Identifier: Apache-2.0

/// The registers and queues of a 16550A (National Semiconductor PC16550D datasheet) whose line has no speed: what is
/// written has left at once, and what arrives waits on the line until the receiver has room.
///
/// The receiver's FIFO has 16 places, one while FIFOs are off. A FIFO that holds something below its trigger level
/// reports the character timeout at once, since nothing more is on its way by then.
public struct SerialState: Equatable, Sendable {
    /// IER.
    var interruptEnable: UInt8 = 0
    /// FCR: the enable bit and the trigger level.
    var fifoControl: UInt8 = 0
    /// LCR.
    var lineControl: UInt8 = 0
    /// MCR.
    var modemControl: UInt8 = 0
    /// The low half of MSR: which inputs changed since the last read.
    var modemDeltas: UInt8 = 0
    /// SCR.
    var scratch: UInt8 = 0
    /// DLL and DLM; 9600 baud.
    var divisor: UInt16 = 12
    /// OE of LSR.
    var overrun = false
    /// The transmitter ran empty and no read of IIR has taken note.
    var transmitterEmpty = true
    /// What the driver can read.
    var fifo = SerialQueue()
    /// What is still on the line.
    var line = SerialQueue()
    /// Somebody was told that the line takes no more.
    var owesRoom = false

    /// Most characters on the line.
    static let lineCapacity = 1024

    init() {}

    var fifoEnabled: Bool { fifoControl & 1 != 0 }
    var loops: Bool { modemControl & 0x10 != 0 }
    var divisorLatched: Bool { lineControl & 0x80 != 0 }
    var depth: Int { fifoEnabled ? 16 : 1 }
    var triggerLevel: Int {
        guard fifoEnabled else { return 1 }
        switch fifoControl >> 6 {
        case 0: return 1
        case 1: return 4
        case 2: return 8
        default: return 14
        }
    }

    /// The enabled causes that are pending.
    var causes: SerialCauses {
        var causes: SerialCauses = []
        if interruptEnable & 0x1 != 0, fifo.count > 0 {
            causes.insert(fifo.count >= triggerLevel ? .received : .timeout)
        }
        if interruptEnable & 0x2 != 0, transmitterEmpty { causes.insert(.transmitterEmpty) }
        if interruptEnable & 0x4 != 0, overrun || (fifo.first ?? 0) >> 8 != 0 { causes.insert(.lineStatus) }
        if interruptEnable & 0x8 != 0, modemDeltas != 0 { causes.insert(.modemStatus) }
        return causes
    }

    /// The high half of MSR: a peer that is always ready, or our own outputs in loopback.
    var modemInputs: UInt8 {
        guard loops else { return 0xB0 }
        let m = modemControl
        return (m & 0x2) << 3 | (m & 0x1) << 5 | (m & 0x4) << 4 | (m & 0x8) << 4
    }

    /// Reads the register at `offset` (0 to 7); 0xFF beyond.
    @inline(__always)
    mutating func read(_ offset: UInt64) -> (value: UInt8, effect: SerialEffect) {
        // The scratch register bears on no cause of an interrupt.
        offset == 7 ? (scratch, SerialEffect()) : take(offset)
    }

    private mutating func take(_ offset: UInt64) -> (value: UInt8, effect: SerialEffect) {
        let before = causes
        var effect = SerialEffect()
        let value = value(at: offset, &effect)
        effect.interrupts = !causes.subtracting(before).isEmpty
        return (value, effect)
    }

    private mutating func value(at offset: UInt64, _ effect: inout SerialEffect) -> UInt8 {
        switch offset {
        case 0:
            if divisorLatched { return UInt8(truncatingIfNeeded: divisor) }
            let character = fifo.take() ?? 0
            refill(&effect)
            return UInt8(truncatingIfNeeded: character)
        case 1: return divisorLatched ? UInt8(truncatingIfNeeded: divisor >> 8) : interruptEnable
        case 2:
            let identification = causes.identification
            if identification == 0x2 { transmitterEmpty = false }
            return identification | (fifoEnabled ? 0xC0 : 0)
        case 3: return lineControl
        case 4: return modemControl
        case 5: return takeLineStatus()
        case 6:
            defer { modemDeltas = 0 }
            return modemInputs | modemDeltas
        case 7: return scratch
        default: return 0xFF
        }
    }

    private mutating func takeLineStatus() -> UInt8 {
        var status: UInt8 = 0x60  // the transmitter is empty
        if let first = fifo.first { status |= 0x01 | UInt8(truncatingIfNeeded: first >> 8) }
        if overrun { status |= 0x02 }
        if fifoEnabled, fifo.hasErrors { status |= 0x80 }
        overrun = false
        fifo.acknowledgeFirst()
        return status
    }

    /// Writes the register at `offset` (0 to 7).
    @inline(__always)
    mutating func write(_ offset: UInt64, _ value: UInt8) -> SerialEffect {
        var effect = SerialEffect()
        if offset == 0, lineControl & 0x80 == 0, modemControl & 0x10 == 0 {
            // The path every byte of a boot log takes.
            effect.transmitted = value
            effect.interrupts = interruptEnable & 0x2 != 0 && !transmitterEmpty
            transmitterEmpty = true
        } else if offset == 7 {
            scratch = value
        } else {
            change(offset, value, &effect)
        }
        return effect
    }

    private mutating func change(_ offset: UInt64, _ value: UInt8, _ effect: inout SerialEffect) {
        let before = causes
        set(offset, value, &effect)
        effect.interrupts = !causes.subtracting(before).isEmpty
    }

    private mutating func set(_ offset: UInt64, _ value: UInt8, _ effect: inout SerialEffect) {
        switch offset {
        case 0:
            if divisorLatched {
                divisor = divisor & 0xFF00 | UInt16(value)
            } else {
                transmitterEmpty = true
                loop(value)
            }
        case 1:
            if divisorLatched {
                divisor = divisor & 0x00FF | UInt16(value) << 8
            } else {
                // Enabling the interrupt of an empty transmitter raises it (datasheet §8.6.5, and every driver's test).
                if value & 0x2 != 0, interruptEnable & 0x2 == 0 { transmitterEmpty = true }
                interruptEnable = value & 0x0F
            }
        case 2:
            if (value ^ fifoControl) & 1 != 0 || value & 0x3 == 0x3 { clearFIFO() }
            fifoControl = value & 1 != 0 ? value & 0xC1 : 0
            refill(&effect)
        case 3: lineControl = value
        case 4:
            let inputs = modemInputs
            modemControl = value & 0x1F
            let changed = inputs ^ modemInputs
            // CTS, DSR and DCD report every change, RI only its falling edge.
            modemDeltas |= changed >> 4 & 0b1011 | (changed & inputs) >> 4 & 0b0100
            refill(&effect)
        default: break
        }
    }

    private mutating func clearFIFO() { fifo.removeAll() }

    // Our own output comes in. A full FIFO keeps what it has, a lone holding register the newest.
    private mutating func loop(_ value: UInt8) {
        if fifo.count >= depth {
            overrun = true
            if fifoEnabled { return }
            fifo.removeAll()
        }
        fifo.append(UInt16(value))
    }

    /// Puts a character on the line; the caller has looked at `room`.
    mutating func arrive(_ character: UInt16) { line.append(character) }

    /// Characters the line takes; a zero is remembered.
    mutating func room() -> Int {
        let room = max(SerialState.lineCapacity - line.count, 0)
        if room == 0 { owesRoom = true }
        return room
    }

    /// Moves what fits from the line into the FIFO; in loopback the line is cut off.
    mutating func refill(_ effect: inout SerialEffect) {
        guard !loops else { return }
        while fifo.count < depth, let character = line.take() { fifo.append(character) }
        if owesRoom, line.count <= SerialState.lineCapacity / 2 {
            owesRoom = false
            effect.hasRoom = true
        }
    }

    /// What a machine reset does: the registers start anew, the line is none of them.
    mutating func reset() {
        let line = line, owesRoom = owesRoom
        self = SerialState()
        self.line = line
        self.owesRoom = owesRoom
    }
}
