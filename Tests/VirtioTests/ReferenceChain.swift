// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import TestSupport
import Virtio

/// A chain as the specification's words have it, found by plain reads: what `Virtqueue.next` must agree with.
struct ReferenceChain: Equatable {
    /// A segment's address and length.
    struct Segment: Equatable {
        let address: UInt64
        let length: Int

        init(address: UInt64, length: Int) {
            self.address = address
            self.length = length
        }

        init(_ part: iovec, _ memory: GuestMemory) {
            address = part.iov_base.map { memory.address(of: $0).rawValue } ?? .max
            length = part.iov_len
        }
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
        try add(d, isWritable: d.flags & DriverDescriptor.write != 0, memory)
    }

    /// Adds one descriptor's buffer.
    mutating func add(_ d: DriverDescriptor, isWritable: Bool, _ memory: GuestMemory) throws {
        guard d.length > 0 else { return }
        let (end, overflow) = d.address.addingReportingOverflow(UInt64(d.length))
        let isRAM = memory.layout.regions.contains { d.address >= $0.start.rawValue && end <= $0.end }
        guard !overflow, isRAM else { throw Refused() }
        let segment = Segment(address: d.address, length: Int(d.length))
        if isWritable {
            writable.append(segment)
        } else {
            guard writable.isEmpty else { throw Refused() }
            readable.append(segment)
        }
    }

    /// What a chain that was taken holds.
    init(_ chain: borrowing DescriptorChain, _ memory: GuestMemory) {
        for part in chain.readable { readable.append(Segment(part, memory)) }
        for part in chain.writable { writable.append(Segment(part, memory)) }
    }

    /// Sixteen bytes, taken apart as a split table's entry.
    static func descriptor(_ table: UInt64, _ index: UInt16, _ memory: GuestMemory) throws -> DriverDescriptor {
        let bytes = try memory.read(at: GuestAddress(table + 16 * UInt64(index)), count: 16)
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        return DriverDescriptor(
            address: number(0..<8), length: UInt32(number(8..<12)), flags: UInt16(number(12..<14)),
            next: UInt16(number(14..<16)))
    }
}
