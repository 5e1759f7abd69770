// SPDX-License-Identifier: Apache-2.0

/// A second 16550A, written from the datasheet's tables alone and kept as plain as they are.
struct SerialModel {
    enum Source: Hashable { case lineStatus, dataAvailable, characterTimeout, holdingEmpty, modem }

    var registers: [String: Int] = ["IER": 0, "LCR": 0, "MCR": 0, "SCR": 0, "DLL": 12, "DLM": 0]
    var fifosOn = false
    var trigger = 1
    var fifo: [(character: Int, errors: Int)] = []
    var wire: [(character: Int, errors: Int)] = []
    var overrunError = false
    var holdingEmptyLatch = true
    var deltas: Set<Int> = []
    var refused = false

    // What came out of it.
    var sent: [UInt8] = []
    var interrupts = 0
    var rooms = 0

    private func bit(_ register: String, _ n: Int) -> Bool { (registers[register] ?? 0) / (1 << n) % 2 == 1 }

    func pending() -> Set<Source> {
        var all: Set<Source> = []
        if bit("IER", 2), overrunError || fifo.first.map({ $0.errors > 0 }) == true { all.insert(.lineStatus) }
        if bit("IER", 0) {
            if !fifosOn, !fifo.isEmpty { all.insert(.dataAvailable) }
            if fifosOn, fifo.count >= trigger { all.insert(.dataAvailable) }
            if fifosOn, fifo.count < trigger, !fifo.isEmpty { all.insert(.characterTimeout) }
        }
        if bit("IER", 1), holdingEmptyLatch { all.insert(.holdingEmpty) }
        if bit("IER", 3), !deltas.isEmpty { all.insert(.modem) }
        return all
    }

    private mutating func observing<T>(_ body: (inout SerialModel) -> T) -> T {
        let before = pending()
        let result = body(&self)
        // The line feeds the FIFO unless it is cut off.
        if !bit("MCR", 4) {
            while !wire.isEmpty, fifo.count < (fifosOn ? 16 : 1) { fifo.append(wire.removeFirst()) }
        }
        if !pending().isSubset(of: before) { interrupts += 1 }
        return result
    }

    private mutating func noteRoom() {
        if refused, !bit("MCR", 4), wire.count <= 512 {
            refused = false
            rooms += 1
        }
    }

    /// Inputs by MSR bit.
    private func inputs() -> [Int: Bool] {
        bit("MCR", 4)
            ? [4: bit("MCR", 1), 5: bit("MCR", 0), 6: bit("MCR", 2), 7: bit("MCR", 3)]
            : [4: true, 5: true, 6: false, 7: true]
    }

    mutating func read(_ offset: Int) -> Int {
        let value = observing { m in m.readRegister(offset) }
        if offset == 0, !bit("LCR", 7) { noteRoom() }
        return value
    }

    private mutating func readRegister(_ offset: Int) -> Int {
        switch (offset, bit("LCR", 7)) {
        case (0, true): return registers["DLL"] ?? 0
        case (1, true): return registers["DLM"] ?? 0
        case (0, false): return fifo.isEmpty ? 0 : fifo.removeFirst().character
        case (1, false): return registers["IER"] ?? 0
        case (2, _):
            let high = fifosOn ? 0b1100_0000 : 0
            let sources = pending()
            if sources.contains(.lineStatus) { return high + 0b0110 }
            if sources.contains(.dataAvailable) { return high + 0b0100 }
            if sources.contains(.characterTimeout) { return high + 0b1100 }
            if sources.contains(.holdingEmpty) {
                holdingEmptyLatch = false
                return high + 0b0010
            }
            return high + (sources.contains(.modem) ? 0b0000 : 0b0001)
        case (3, _): return registers["LCR"] ?? 0
        case (4, _): return registers["MCR"] ?? 0
        case (5, _):
            var value = 64 + 32
            if !fifo.isEmpty { value += 1 }
            if overrunError { value += 2 }
            value += fifo.first?.errors ?? 0
            if fifosOn, fifo.contains(where: { $0.errors > 0 }) { value += 128 }
            overrunError = false
            if !fifo.isEmpty { fifo[0].errors = 0 }
            return value
        case (6, _):
            var value = 0
            for (n, on) in inputs() where on { value += 1 << n }
            for n in deltas { value += 1 << n }
            deltas = []
            return value
        case (7, _): return registers["SCR"] ?? 0
        default: return 0xFF
        }
    }

    mutating func write(_ offset: Int, _ value: Int) {
        let dlab = bit("LCR", 7)
        if offset == 0, !dlab, !bit("MCR", 4) {
            // Sent at once: the holding register was full for no time at all, so a latch that was not yet
            // acknowledged stays as it is and one that was comes back.
            let before = pending()
            holdingEmptyLatch = true
            sent.append(UInt8(value))
            if !pending().isSubset(of: before) { interrupts += 1 }
            return
        }
        observing { m in m.writeRegister(offset, value, dlab) }
        if offset == 2 || offset == 4 { noteRoom() }
    }

    private mutating func writeRegister(_ offset: Int, _ value: Int, _ dlab: Bool) {
        switch (offset, dlab) {
        case (0, true): registers["DLL"] = value
        case (1, true): registers["DLM"] = value
        case (0, false):
            holdingEmptyLatch = true
            if fifosOn {
                if fifo.count < 16 { fifo.append((value, 0)) } else { overrunError = true }
            } else {
                if !fifo.isEmpty { overrunError = true }
                fifo = [(value, 0)]
            }
        case (1, false):
            if value / 2 % 2 == 1, !bit("IER", 1) { holdingEmptyLatch = true }
            registers["IER"] = value % 16
        case (2, _):
            let on = value % 2 == 1
            if on != fifosOn || (on && value / 2 % 2 == 1) { fifo = [] }
            fifosOn = on
            trigger = on ? [1, 4, 8, 14][value / 64] : 1
        case (3, _): registers["LCR"] = value
        case (4, _):
            let before = inputs()
            registers["MCR"] = value % 32
            for (n, on) in inputs() where on != before[n] {
                // Ring indicator: only the end of the ring.
                if n != 6 || !on { deltas.insert(n - 4) }
            }
        case (7, _): registers["SCR"] = value
        default: break
        }
    }

    mutating func room() -> Int {
        if wire.count >= 1024 { refused = true }
        return max(1024 - wire.count, 0)
    }

    mutating func receive(_ bytes: [UInt8]) -> Int {
        let taken = min(room(), bytes.count)
        observing { m in
            for byte in bytes[..<taken] { m.wire.append((Int(byte), 0)) }
        }
        noteRoom()
        return taken
    }

    mutating func receiveBreak() {
        guard room() > 0 else { return noteRoom() }
        observing { m in m.wire.append((0, 16)) }
        noteRoom()
    }

    mutating func reset() {
        let wire = wire, refused = refused, before = pending()
        let (sent, interrupts, rooms) = (sent, interrupts, rooms)
        self = SerialModel()
        self.wire = wire
        self.refused = refused
        (self.sent, self.interrupts, self.rooms) = (sent, interrupts, rooms)
        while !self.wire.isEmpty, fifo.count < 1 { fifo.append(self.wire.removeFirst()) }
        if !pending().isSubset(of: before) { self.interrupts += 1 }
        noteRoom()
    }
}
