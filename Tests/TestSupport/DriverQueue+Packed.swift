// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Synchronization

// Virtio 1.2 §2.8: AVAIL is bit 7 of an entry's flags, USED bit 15; positions hold the wrap counter in bit 15.
extension DriverQueue {
    /// The position after so many entries of a ring that began at entry 0 with wrap counters of 1.
    static func position(after count: UInt16, size: UInt16) -> UInt16 {
        let turns = count / size
        return count % size | (turns % 2 == 0 ? 0x8000 : 0)
    }

    /// The position `count` entries after this one in a ring of `size`.
    public static func position(_ from: UInt16, plus count: Int, size: UInt16) -> UInt16 {
        let linear = Int(from & 0x7FFF) + (from & 0x8000 != 0 ? 0 : Int(size)) + count
        let turn = 2 * Int(size)
        return position(after: UInt16((linear % turn + turn) % turn), size: size)
    }

    func layOutPacked() throws {
        // Every entry was used in the last turn that passed it.
        let wrap = availableIndex & 0x8000 != 0
        for entry in 0..<size {
            let last = entry < availableIndex & 0x7FFF ? wrap : !wrap
            try memory.write(UInt16(last ? 0x8080 : 0).littleEndian, at: flagsAddress(entry))
        }
    }

    func flagsAddress(_ entry: UInt16) -> GuestAddress { GuestAddress(table + 16 * UInt64(entry) + 14) }

    private func flags(_ entry: UInt16) throws -> UInt16 {
        UInt16(littleEndian: try memory.read(at: flagsAddress(entry)))
    }

    /// Writes an entry that is available where the driver's wrap counter is `wrap`.
    public func writePacked(entry: UInt16, _ buffer: DriverBuffer, id: UInt16, flags: UInt16, wrap: Bool) throws {
        try writePackedBody(entry, buffer, id)
        try memory.write((flags | (wrap ? 0x80 : 0x8000)).littleEndian, at: flagsAddress(entry))
    }

    private func writePackedBody(_ entry: UInt16, _ buffer: DriverBuffer, _ id: UInt16) throws {
        let at = table + 16 * UInt64(entry)
        try memory.write(buffer.address.rawValue.littleEndian, at: GuestAddress(at))
        try memory.write(buffer.count.littleEndian, at: GuestAddress(at + 8))
        try memory.write(id.littleEndian, at: GuestAddress(at + 12))
    }

    mutating func addPacked(_ buffers: [DriverBuffer], _ needed: Int, _ indirect: UInt64?) throws -> UInt16? {
        guard let id = free.popLast() else { return nil }
        var list = buffers
        if let indirect {
            for (i, buffer) in buffers.enumerated() {
                // In a table only WRITE counts; what else stands there must not matter.
                let entry = DriverDescriptor(
                    address: buffer.address.rawValue, length: buffer.count, flags: 0xBEEF,
                    next: buffer.isWritable ? DriverDescriptor.write : 0)
                try write(entry, table: indirect, index: i)
            }
            list = [.readable(indirect, UInt32(16 * buffers.count))]
        }
        for (i, buffer) in list.enumerated() {
            let isLast = i == list.count - 1
            let (entry, wrap) = (availableIndex & 0x7FFF, availableIndex & 0x8000 != 0)
            var flags = (buffer.isWritable ? DriverDescriptor.write : 0) | (isLast ? 0 : DriverDescriptor.next)
            if indirect != nil { flags |= DriverDescriptor.indirect }
            // Only the last entry's ID counts.
            let name = isLast ? id : ~id
            if i == 0, hidden == nil {
                try writePackedBody(entry, buffer, name)
                hidden = (entry, flags | (wrap ? 0x80 : 0x8000))
            } else {
                try writePacked(entry: entry, buffer, id: name, flags: flags, wrap: wrap)
            }
            availableIndex = DriverQueue.position(availableIndex, plus: 1, size: size)
        }
        chains[id] = [UInt16](repeating: 0, count: needed)
        freeEntries -= needed
        return id
    }

    mutating func publishPacked() throws {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if let (entry, flags) = hidden { try memory.write(flags.littleEndian, at: flagsAddress(entry)) }
        hidden = nil
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    private func isUsed(at position: UInt16) throws -> Bool {
        try flags(position & 0x7FFF) & 0x8080 == (position & 0x8000 != 0 ? 0x8080 : 0)
    }

    private func id(at position: UInt16) throws -> UInt16 {
        UInt16(littleEndian: try memory.read(at: GuestAddress(table + 16 * UInt64(position & 0x7FFF) + 12)))
    }

    func usedCountPacked() throws -> Int {
        var (at, count) = (usedIndex, 0)
        var left = chains
        while try isUsed(at: at), let taken = left.removeValue(forKey: try id(at: at)) {
            at = DriverQueue.position(at, plus: taken.count, size: size)
            count += 1
        }
        return count
    }

    mutating func takeUsedPacked() throws -> (head: UInt16, written: UInt32)? {
        let id = try id(at: usedIndex)
        let at = table + 16 * UInt64(usedIndex & 0x7FFF)
        let written = UInt32(littleEndian: try memory.read(at: GuestAddress(at + 8)))
        guard let taken = chains.removeValue(forKey: id) else { return nil }
        // WRITE in a used entry says whether the length means anything (§2.8.8).
        let isWritten = try flags(usedIndex & 0x7FFF) & DriverDescriptor.write != 0
        usedIndex = DriverQueue.position(usedIndex, plus: taken.count, size: size)
        freeEntries += taken.count
        free.append(id)
        return (id, isWritten ? written : 0)
    }
}
