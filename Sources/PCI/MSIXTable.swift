// SPDX-License-Identifier: Apache-2.0

public import Bus
public import Linux
import Synchronization

/// Message-signalled interrupts of one function (PCI 3.0 §6.8.2): the vector table, the pending bits, and one eventfd
/// a vector that its device signals without knowing any of this.
///
/// *The eventfd is the pending bit.* A vector that may deliver has its eventfd attached to the router, which turns
/// signals into interrupts; a masked one is detached, so signals stay in the counter until it is unmasked and the router
/// finds them there.
public final class MSIXTable: Sendable {
    /// The capability's ID.
    static let capabilityID: UInt8 = 0x11
    /// Most vectors a table can have.
    public static let limit = 2048

    private struct Entry {
        let route: Int
        var message = MSIMessage(address: 0, data: 0)
        var isMasked = true
        /// What the router delivers now; nil while detached.
        var attached: MSIMessage?
    }

    private struct Table {
        var entries: [Entry]
        var isEnabled = false
        var isFunctionMasked = false
    }

    private let events: EventGroup
    private let router: any MessageRouter
    private let table: Mutex<Table>

    /// A table whose vectors are all masked.
    /// - Throws: `Errno` of `eventfd`; ENOSPC when the router has not enough routes, EINVAL for a bad count.
    public init(count: Int, router: any MessageRouter) throws(Errno) {
        guard (1...MSIXTable.limit).contains(count) else { throw Errno(code: 22, call: "msix") }
        events = try EventGroup(count: count)
        self.router = router
        var entries: [Entry] = []
        for _ in 0..<count {
            guard let route = router.reserve() else {
                for entry in entries { router.release(route: entry.route) }
                throw Errno(code: 28, call: "msix")
            }
            entries.append(Entry(route: route))
        }
        table = Mutex(Table(entries: entries))
    }

    deinit {
        table.withLock { table in
            table.isEnabled = false
            for i in table.entries.indices {
                update(i, &table)
                router.release(route: table.entries[i].route)
            }
        }
    }

    /// Number of vectors.
    public var count: Int { events.count }

    /// How a device raises a vector; `Interrupt.none` for a vector that does not exist, such as 0xFFFF.
    public func interrupt(vector: UInt16) -> Interrupt {
        Int(vector) < count ? Interrupt(raw: events[Int(vector)]) : .none
    }

    /// Takes enable and function mask over from the capability's message control word.
    func setControl(isEnabled: Bool, isFunctionMasked: Bool) {
        table.withLock { table in
            guard table.isEnabled != isEnabled || table.isFunctionMasked != isFunctionMasked else { return }
            table.isEnabled = isEnabled
            table.isFunctionMasked = isFunctionMasked
            for i in table.entries.indices { update(i, &table) }
        }
    }

    /// Reads the vector table: 16 bytes an entry; beyond it zero.
    public func readTable(offset: UInt64, size: Int) -> UInt64 {
        table.withLock { table in
            var value: UInt64 = 0
            for i in 0..<min(max(size, 0), 8) {
                let at = offset &+ UInt64(i)
                guard at < UInt64(count) * 16 else { break }
                let entry = table.entries[Int(at >> 4)]
                let words = [
                    entry.message.address, UInt64(entry.message.data) | (entry.isMasked ? 1 << 32 : 0),
                ]
                value |= (words[Int(at >> 3 & 1)] >> (8 * (at & 7)) & 0xFF) << UInt64(8 * i)
            }
            return value
        }
    }

    /// Writes the vector table in aligned doublewords or quadwords; other accesses have no meaning and are ignored.
    public func writeTable(offset: UInt64, size: Int, value: UInt64) {
        guard size == 4 || size == 8, offset & UInt64(size - 1) == 0, offset < UInt64(count) * 16 else { return }
        table.withLock { table in
            let i = Int(offset >> 4)
            writeWord(&table.entries[i], Int(offset >> 2 & 3), UInt32(truncatingIfNeeded: value))
            if size == 8 { writeWord(&table.entries[i], Int(offset >> 2 & 3) + 1, UInt32(value >> 32)) }
            update(i, &table)
        }
    }

    /// Reads the pending bits: a quadword for each 64 vectors; beyond them zero. They cannot be written.
    public func readPending(offset: UInt64, size: Int) -> UInt64 {
        var value: UInt64 = 0
        var loaded: (word: Int, bits: UInt64)?
        for i in 0..<min(max(size, 0), 8) {
            let at = offset &+ UInt64(i)
            guard at < UInt64((count + 63) / 64 * 8) else { break }
            let word = Int(at >> 3)
            let bits = loaded?.word == word ? loaded?.bits ?? 0 : pending(word: word)
            loaded = (word, bits)
            value |= (bits >> (8 * (at & 7)) & 0xFF) << UInt64(8 * i)
        }
        return value
    }

    /// Masks every vector and forgets what is pending.
    func reset() {
        table.withLock { table in
            table.isEnabled = false
            table.isFunctionMasked = false
            for i in table.entries.indices {
                update(i, &table)
                table.entries[i].message = MSIMessage(address: 0, data: 0)
                table.entries[i].isMasked = true
            }
            events.drain()
        }
    }

    /// The vectors as they are; exact while no device and no vCPU runs.
    public var state: MSIXState {
        let pending = (0..<(count + 63) / 64).map { self.pending(word: $0) }
        return table.withLock { table in
            MSIXState(
                vectors: table.entries.enumerated().map { i, entry in
                    MSIXState.Vector(
                        message: entry.message, isMasked: entry.isMasked,
                        isPending: pending[i / 64] & 1 << UInt64(i % 64) != 0)
                })
        }
    }

    /// Takes saved vectors over; false, with nothing changed, when their number differs.
    func restore(_ state: MSIXState) -> Bool {
        guard state.vectors.count == count else { return false }
        events.drain()
        table.withLock { table in
            for (i, vector) in state.vectors.enumerated() {
                table.entries[i].message = vector.message
                table.entries[i].isMasked = vector.isMasked
                if vector.isPending { EventFD.signal(events[i]) }
                update(i, &table)
            }
        }
        return true
    }

    /// Raises every vector that is not masked: what the router had been told of, and not yet delivered when a state was
    /// taken, is not in that state.
    public func raiseUnmasked() {
        table.withLock { table in
            for (i, entry) in table.entries.enumerated() where entry.attached != nil { EventFD.signal(events[i]) }
        }
    }

    private func pending(word: Int) -> UInt64 {
        // An attached eventfd is the router's: what is in it is being delivered.
        table.withLock { table in
            var detached: UInt64 = 0
            for i in 0..<64 where 64 * word + i < count && table.entries[64 * word + i].attached == nil {
                detached |= 1 << UInt64(i)
            }
            return detached == 0 ? 0 : events.signalled(from: 64 * word) & detached
        }
    }

    private func writeWord(_ entry: inout Entry, _ word: Int, _ value: UInt32) {
        switch word {
        case 0: entry.message.address = entry.message.address & ~0xFFFF_FFFF | UInt64(value & ~3)
        case 1: entry.message.address = entry.message.address & 0xFFFF_FFFF | UInt64(value) << 32
        case 2: entry.message.data = value
        default: entry.isMasked = value & 1 != 0
        }
    }

    // Brings the router in line with a vector's mask and message. When the kernel refuses, the vector stays detached:
    // its signals wait in the eventfd, and the next change of the vector tries again.
    private func update(_ i: Int, _ table: inout Table) {
        let entry = table.entries[i]
        let wanted = table.isEnabled && !table.isFunctionMasked && !entry.isMasked ? entry.message : nil
        guard entry.attached != wanted else { return }
        if entry.attached != nil { router.detach(route: entry.route, event: events[i]) }
        table.entries[i].attached = nil
        guard let wanted else { return }
        do throws(Errno) {
            try router.attach(route: entry.route, event: events[i], message: wanted)
            table.entries[i].attached = wanted
        } catch {}
    }
}
