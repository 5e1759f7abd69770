// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import TestSupport

/// A chain as the specification's words have it, found by plain reads: what `Virtqueue.next` must agree with.
struct ReferenceChain: Equatable {
    /// A segment's address and length.
    struct Segment: Equatable {
        let address: UInt64
        let length: Int
    }

    /// Why a chain is refused; the order of checks is not part of the comparison.
    struct Refused: Error {}

    var readable: [Segment] = []
    var writable: [Segment] = []

    /// A chain without segments.
    init() {}

    /// Follows a chain from its head. Follows lists, not counters: a descriptor met twice is a loop.
    init(head: UInt16, queue: DriverQueue, allowsIndirect: Bool) throws {
        var visited: Set<UInt16> = []
        var index = head
        while true {
            guard index < queue.size, visited.insert(index).inserted else { throw Refused() }
            let d = try ReferenceChain.descriptor(queue.table, index, queue.memory)
            if d.flags & DriverDescriptor.indirect != 0 {
                guard allowsIndirect, d.flags & DriverDescriptor.next == 0 else { throw Refused() }
                try follow(table: d, in: queue.memory)
                break
            }
            try add(d, queue.memory)
            guard d.flags & DriverDescriptor.next != 0 else { break }
            index = d.next
        }
        guard (readable + writable).reduce(0, { $0 + UInt64($1.length) }) < 1 << 32 else { throw Refused() }
    }

    private mutating func follow(table: DriverDescriptor, in memory: GuestMemory) throws {
        guard table.length > 0, table.length % 16 == 0,
            memory.contains(GuestAddress(table.address), count: Int(table.length))
        else { throw Refused() }
        var visited: Set<UInt16> = []
        var index: UInt16 = 0
        while true {
            guard UInt32(index) < table.length / 16, visited.insert(index).inserted else { throw Refused() }
            let d = try ReferenceChain.descriptor(table.address, index, memory)
            guard d.flags & DriverDescriptor.indirect == 0 else { throw Refused() }
            try add(d, memory)
            guard d.flags & DriverDescriptor.next != 0 else { return }
            index = d.next
        }
    }

    private mutating func add(_ d: DriverDescriptor, _ memory: GuestMemory) throws {
        guard d.length > 0 else { return }
        let (end, overflow) = d.address.addingReportingOverflow(UInt64(d.length))
        let isRAM = memory.layout.regions.contains { d.address >= $0.start.rawValue && end <= $0.end }
        guard !overflow, isRAM else { throw Refused() }
        let segment = Segment(address: d.address, length: Int(d.length))
        if d.flags & DriverDescriptor.write != 0 {
            writable.append(segment)
        } else {
            guard writable.isEmpty else { throw Refused() }
            readable.append(segment)
        }
    }

    private static func descriptor(_ table: UInt64, _ index: UInt16, _ memory: GuestMemory) throws -> DriverDescriptor {
        let bytes = try memory.read(at: GuestAddress(table + 16 * UInt64(index)), count: 16)
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        return DriverDescriptor(
            address: number(0..<8), length: UInt32(number(8..<12)), flags: UInt16(number(12..<14)),
            next: UInt16(number(14..<16)))
    }
}
