// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import TestSupport
import Testing
import Virtio

@Suite("Chains")
struct ChainFuzzTests {
    private static let ramBytes: UInt64 = 1 << 20
    private static let indirectTables: UInt64 = 0x8000

    /// An address that is RAM, at its edge, an indirect table, or far away.
    private func address(_ random: inout SeededRandom) -> UInt64 {
        switch Int.random(in: 0..<16, using: &random) {
        case 0: ChainFuzzTests.ramBytes - UInt64.random(in: 0..<64, using: &random)
        case 1: random.next()
        case 2: 0x8000_0000 + UInt64.random(in: 0..<0x1_0000_0000, using: &random)
        default: UInt64.random(in: 0x10000..<0xF0000, using: &random)
        }
    }

    private func length(_ random: inout SeededRandom) -> UInt32 {
        switch Int.random(in: 0..<16, using: &random) {
        case 0: 0
        case 1: UInt32(truncatingIfNeeded: random.next())
        case 2: 0x4_0000
        default: UInt32.random(in: 1..<0x1000, using: &random)
        }
    }

    private func descriptor(_ random: inout SeededRandom, size: UInt16, isLikelyWrite: Bool) -> DriverDescriptor {
        var flags: UInt16 = isLikelyWrite ? DriverDescriptor.write : 0
        if Int.random(in: 0..<4, using: &random) > 0 { flags |= DriverDescriptor.next }
        if Int.random(in: 0..<12, using: &random) == 0 { flags ^= DriverDescriptor.write }
        if Int.random(in: 0..<40, using: &random) == 0 { flags ^= UInt16(truncatingIfNeeded: random.next()) }
        let next = UInt16.random(in: 0..<(Int.random(in: 0..<24, using: &random) == 0 ? .max : size), using: &random)
        return DriverDescriptor(address: address(&random), length: length(&random), flags: flags, next: next)
    }

    /// Fills a table with chains that are mostly legal: rising order, readable first.
    private func fill(_ table: UInt64, size: UInt16, _ driver: DriverQueue, _ random: inout SeededRandom) throws {
        let turn = UInt16.random(in: 0...size, using: &random)
        for i in 0..<size {
            var d = descriptor(&random, size: size, isLikelyWrite: i >= turn)
            if Int.random(in: 0..<8, using: &random) > 0, i + 1 < size { d.next = i + 1 }
            try driver.write(d, table: table, index: Int(i))
        }
    }

    @Test(
        "120000 random chains are taken or refused as the specification's words say, and never leave memory",
        arguments: [1, 2, 3, 4] as [UInt64])
    func fuzz(seed: UInt64) throws {
        let guest = try Guest(bytes: ChainFuzzTests.ramBytes)
        var random = SeededRandom(seed: seed)
        var taken = 0
        var refused = 0
        for _ in 0..<30_000 {
            let size: UInt16 = 1 << UInt16.random(in: 0...4, using: &random)
            var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: size)
            let isIndirect = Bool.random(using: &random)
            try fill(driver.table, size: size, driver, &random)
            if isIndirect {
                let count = UInt16.random(in: 1...20, using: &random)
                // Tables may begin anywhere.
                let at = ChainFuzzTests.indirectTables + UInt64.random(in: 0..<3, using: &random) * 4
                try fill(at, size: count, driver, &random)
                var length = UInt32(count) * 16
                if Int.random(in: 0..<8, using: &random) == 0 { length ^= UInt32.random(in: 0..<64, using: &random) }
                var flags = DriverDescriptor.indirect
                if Int.random(in: 0..<8, using: &random) == 0 { flags |= 1 << UInt16.random(in: 0..<2, using: &random) }
                let entry = DriverDescriptor(address: at, length: length, flags: flags)
                try driver.write(entry, index: Int.random(in: 0..<Int(size), using: &random))
            }
            let head = Int.random(in: 0..<20, using: &random) == 0 ? UInt16(truncatingIfNeeded: random.next()) : 0
            try driver.makeAvailable(head)
            try driver.publish()
            let features = Int.random(in: 0..<8, using: &random) == 0 ? 0 : Feature.indirectDescriptors
            var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: features)
            var chain = DescriptorChain(capacity: 64, memory: guest.memory)
            let expected = try? ReferenceChain(head: head, queue: driver, allowsIndirect: features != 0)
            do throws(QueueError) {
                let isThere = try queue.next(into: &chain)
                let found = isThere ? segments(chain, guest.memory) : nil
                #expect(found == expected)
                taken += 1
            } catch {
                #expect(expected == nil, "\(error)")
                refused += 1
            }
        }
        #expect(taken > 2000 && refused > 2000)
    }

    private func segments(_ chain: borrowing DescriptorChain, _ memory: GuestMemory) -> ReferenceChain {
        let found = ReferenceChain(chain, memory)
        #expect(chain.readableBytes == found.readable.reduce(0) { $0 + $1.length })
        #expect(chain.writableBytes == found.writable.reduce(0) { $0 + $1.length })
        return found
    }

    @Test(
        "an available index further ahead than the queue is long is refused",
        arguments: [5, 100, 32768, 65535] as [UInt16])
    func availableIndex(ahead: UInt16) throws {
        let guest = try Guest()
        let driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4)
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: 0)
        var chain = DescriptorChain(capacity: 4, memory: guest.memory)
        try driver.publish(index: ahead)
        #expect(throws: QueueError.availableIndex(ahead, next: 0)) { try queue.next(into: &chain) }
    }

    /// One illegal chain: its descriptors, the indirect table at 0x8000, and what it is refused for.
    struct Illegal: Sendable, CustomStringConvertible {
        let description: String
        let chain: [DriverDescriptor]
        var table: [DriverDescriptor] = []
        var features = Feature.indirectDescriptors
        let error: QueueError
    }

    private static let page = DriverDescriptor(address: 0x10000, length: 16)
    private static func pointer(_ count: UInt32, flags: UInt16 = 0, address: UInt64 = 0x8000) -> DriverDescriptor {
        DriverDescriptor(address: address, length: count, flags: DriverDescriptor.indirect | flags)
    }

    static let illegal: [Illegal] = [
        Illegal(
            description: "an indirect table that was not negotiated", chain: [pointer(16)], table: [page], features: 0,
            error: .indirectTable),
        Illegal(description: "an empty indirect table", chain: [pointer(0)], table: [page], error: .indirectTable),
        Illegal(description: "half an entry", chain: [pointer(24)], table: [page, page], error: .indirectTable),
        Illegal(
            description: "a table within a table", chain: [pointer(16)], table: [pointer(16)], error: .indirectTable),
        Illegal(
            description: "a table that is followed by others", chain: [pointer(16, flags: 1), page], table: [page],
            error: .indirectTable),
        Illegal(
            description: "a next beyond the table", chain: [pointer(16)],
            table: [DriverDescriptor(address: 0x10000, length: 1, flags: 1, next: 1)], error: .descriptorIndex(1)),
        Illegal(
            description: "a loop in the table", chain: [pointer(16)],
            table: [DriverDescriptor(address: 0x10000, length: 1, flags: 1, next: 0)], error: .chainTooLong),
        Illegal(
            description: "a loop in the queue",
            chain: [DriverDescriptor(address: 0x10000, length: 1, flags: 1, next: 0)], error: .chainTooLong),
        Illegal(
            description: "a table outside of memory", chain: [pointer(32, address: (4 << 20) - 16)],
            error: .notMemory(GuestAddress((4 << 20) - 16), count: 32)),
        Illegal(
            description: "a buffer that ends outside of memory",
            chain: [DriverDescriptor(address: (4 << 20) - 1, length: 2)],
            error: .notMemory(GuestAddress((4 << 20) - 1), count: 2)),
        Illegal(
            description: "a buffer that wraps around",
            chain: [DriverDescriptor(address: .max, length: 2)], error: .notMemory(GuestAddress(.max), count: 2)),
        Illegal(
            description: "a readable behind a writable",
            chain: [DriverDescriptor(address: 0x10000, length: 1, flags: 3, next: 1), page],
            error: .readableAfterWritable),
        Illegal(
            description: "a chain longer than its holder", chain: [pointer(16 * 5)],
            table: (1...5).map { DriverDescriptor(address: 0x10000, length: 1, flags: $0 < 5 ? 1 : 0, next: $0) },
            error: .chainTooLong),
    ]

    @Test("is refused", arguments: illegal)
    func rules(_ illegal: Illegal) throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4)
        for (i, d) in illegal.chain.enumerated() { try driver.write(d, index: i) }
        for (i, d) in illegal.table.enumerated() { try driver.write(d, table: 0x8000, index: i) }
        try driver.makeAvailable(0)
        try driver.publish()
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: illegal.features)
        var chain = DescriptorChain(capacity: 4, memory: guest.memory)
        #expect(throws: illegal.error) { try queue.next(into: &chain) }
    }

    @Test(
        "a loop of empty descriptors ends after as many steps as there are numbers, however long its table claims to be"
    )
    func endlessTable() throws {
        let guest = try Guest(bytes: 1 << 30)
        func shortest(tableBytes: UInt32) throws -> Duration {
            try (0..<5).map { _ in
                var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4)
                try driver.write(ChainFuzzTests.pointer(tableBytes), index: 0)
                try driver.write(DriverDescriptor(address: 0, length: 0, flags: 1, next: 0), table: 0x8000, index: 0)
                try driver.makeAvailable(0)
                try driver.publish()
                var queue = try Virtqueue(
                    driver.setup(), memory: guest.memory, features: Feature.indirectDescriptors)
                var chain = DescriptorChain(capacity: 4, memory: guest.memory)
                return ContinuousClock().measure {
                    #expect(throws: QueueError.chainTooLong) { try queue.next(into: &chain) }
                }
            }.min() ?? .zero
        }
        // Both walk 65536 entries; the long table has 512 times as many.
        let whole = try shortest(tableBytes: 16 << 16)
        let long = try shortest(tableBytes: 16 << 25)
        #expect(long < whole * 32, "\(long) against \(whole)")
    }

    @Test("direct descriptors may lead to a table, and the table's entry may say write without meaning it")
    func mixed() throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4)
        try driver.write(DriverDescriptor(address: 0x10000, length: 8, flags: 1, next: 3), index: 0)
        try driver.write(ChainFuzzTests.pointer(32, flags: 2), index: 3)
        try driver.write(DriverDescriptor(address: 0x20000, length: 4, flags: 1, next: 1), table: 0x8000, index: 0)
        try driver.write(DriverDescriptor(address: 0x30000, length: 2, flags: 2), table: 0x8000, index: 1)
        try driver.makeAvailable(0)
        try driver.publish()
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: Feature.indirectDescriptors)
        var chain = DescriptorChain(capacity: 4, memory: guest.memory)
        let taken1 = try queue.next(into: &chain)
        #expect(taken1)
        #expect(chain.readableBytes == 12 && chain.writableBytes == 2)
        #expect(chain.readable.count == 2 && chain.writable.count == 1)
    }

    @Test("4 GiB in one chain are too much")
    func tooLarge() throws {
        let guest = try Guest(bytes: 1 << 30)
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8)
        let quarter = DriverBuffer.writable(0, 1 << 30)
        _ = try driver.add([quarter, quarter, quarter, .writable(0, (1 << 30) - 1)])
        _ = try driver.add([quarter, quarter, quarter, quarter])
        try driver.publish()
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: 0)
        var chain = DescriptorChain(capacity: 8, memory: guest.memory)
        let taken2 = try queue.next(into: &chain)
        #expect(taken2)
        #expect(chain.writableBytes == (1 << 32) - 1)
        #expect(throws: QueueError.chainTooLarge) { try queue.next(into: &chain) }
    }
}
