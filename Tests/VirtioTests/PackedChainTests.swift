// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import TestSupport
import Testing
import Virtio

/// A packed ring and its driver's hand: entries are written one by one, legal or not.
private struct Ring {
    let guest: Guest
    let driver: DriverQueue

    init(size: UInt16, ramBytes: UInt64 = 4 << 20) throws {
        guest = try Guest(bytes: ramBytes)
        driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: size, layout: .packed)
    }

    func write(_ entries: [DriverDescriptor], table: UInt64? = nil) throws {
        for (i, entry) in entries.enumerated() { try driver.write(entry, table: table ?? driver.table, index: i) }
    }

    func queue(_ features: UInt64 = Feature.indirectDescriptors) throws -> Virtqueue {
        try Virtqueue(driver.setup(), memory: guest.memory, features: features | Feature.packedRing)
    }
}

/// An entry of a packed ring: what `DriverDescriptor` calls flags holds the buffer ID, and `next` the flags.
private func entry(_ address: UInt64, _ length: UInt32, id: UInt16 = 0, _ flags: UInt16 = 0) -> DriverDescriptor {
    DriverDescriptor(address: address, length: length, flags: id, next: flags | 0x80)
}

@Suite("Chains of a packed ring")
struct PackedChainTests {
    /// A chain as the specification's words have it: found by plain reads of what was written.
    private func reference(_ ring: Ring, features: UInt64) throws -> (chain: ReferenceChain, id: UInt16, count: Int)? {
        var found = ReferenceChain()
        for i in 0..<Int(ring.driver.size) {
            let d = try ReferenceChain.descriptor(ring.driver.table, UInt16(i), ring.guest.memory)
            let (id, flags) = (d.flags, d.next)
            if i == 0, flags & 0x8080 != 0x80 { return nil }
            if flags & DriverDescriptor.indirect != 0 {
                guard i == 0, features & Feature.indirectDescriptors != 0, flags & DriverDescriptor.next == 0,
                    d.length > 0, d.length % 16 == 0,
                    ring.guest.memory.contains(GuestAddress(d.address), count: Int(d.length))
                else { throw ReferenceChain.Refused() }
                for j in 0..<d.length / 16 {
                    let inner = try ReferenceChain.descriptor(d.address, UInt16(j), ring.guest.memory)
                    try found.add(inner, isWritable: inner.next & DriverDescriptor.write != 0, ring.guest.memory)
                }
                return (found, id, 1)
            }
            try found.add(d, isWritable: flags & DriverDescriptor.write != 0, ring.guest.memory)
            if flags & DriverDescriptor.next == 0 { return (found, id, i + 1) }
        }
        throw ReferenceChain.Refused()
    }

    private func address(_ random: inout SeededRandom) -> UInt64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: (1 << 20) - UInt64.random(in: 0..<64, using: &random)
        case 1: random.next()
        default: UInt64.random(in: 0x10000..<0xF0000, using: &random)
        }
    }

    private func fill(_ count: Int, isTable: Bool, _ random: inout SeededRandom) -> [DriverDescriptor] {
        let turn = Int.random(in: 0...count, using: &random)
        return (0..<count).map { i in
            var flags: UInt16 = i >= turn ? DriverDescriptor.write : 0
            if Int.random(in: 0..<3, using: &random) > 0 { flags |= DriverDescriptor.next }
            if Int.random(in: 0..<16, using: &random) == 0 { flags ^= DriverDescriptor.write }
            if Int.random(in: 0..<30, using: &random) == 0 { flags ^= UInt16(truncatingIfNeeded: random.next()) }
            let length =
                Int.random(in: 0..<12, using: &random) == 0
                ? UInt32.random(in: 0..<2, using: &random) &* 0x4_0000 : UInt32.random(in: 1..<0x1000, using: &random)
            return entry(address(&random), length, id: UInt16(truncatingIfNeeded: random.next()), flags)
        }
    }

    @Test(
        "80000 random chains are taken or refused as the specification's words say, and never leave memory",
        arguments: [1, 2, 3, 4] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var taken = 0
        var refused = 0
        let guest = try Guest(bytes: 1 << 20)
        for _ in 0..<20_000 {
            let ring = try Ring(guest, size: UInt16.random(in: 1...9, using: &random))
            try ring.write(fill(Int(ring.driver.size), isTable: false, &random))
            if Bool.random(using: &random) {
                let count = Int.random(in: 1...20, using: &random)
                let table = 0x8000 + UInt64.random(in: 0..<3, using: &random) * 4
                try ring.write(fill(count, isTable: true, &random), table: table)
                var length = UInt32(count) * 16
                if Int.random(in: 0..<8, using: &random) == 0 { length ^= UInt32.random(in: 0..<64, using: &random) }
                var flags = DriverDescriptor.indirect
                if Int.random(in: 0..<8, using: &random) == 0 { flags |= 1 << UInt16.random(in: 0..<2, using: &random) }
                let at = Int.random(in: 0..<3, using: &random) == 0 ? Int(ring.driver.size) - 1 : 0
                try ring.driver.write(entry(table, length, id: 77, flags), index: at)
            }
            let features = Int.random(in: 0..<8, using: &random) == 0 ? 0 : Feature.indirectDescriptors
            var queue = try ring.queue(features)
            var chain = DescriptorChain(capacity: 64, memory: guest.memory)
            var expected: (chain: ReferenceChain, id: UInt16, count: Int)?
            var isRefused = false
            do { expected = try reference(ring, features: features) } catch { isRefused = true }
            do throws(QueueError) {
                let isThere = try queue.next(into: &chain)
                #expect(!isRefused && isThere == (expected != nil))
                guard isThere, let expected else { continue }
                #expect(ReferenceChain(chain, guest.memory) == expected.chain)
                taken += 1
                let position = DriverQueue.position(RingPosition.start, plus: expected.count, size: ring.driver.size)
                #expect(queue.position.nextAvailable == position)
                // The used entry takes the place of the first, with the ID of the last.
                queue.complete(chain.token, written: 9)
                queue.publish()
                let report = try? ReferenceChain.descriptor(ring.driver.table, 0, guest.memory)
                #expect(report?.length == 9 && report?.flags == expected.id && report?.next == 0x8082)
                #expect(queue.position.nextUsed == position)
            } catch {
                #expect(isRefused, "\(error)")
                refused += 1
            }
        }
        #expect(taken > 2000 && refused > 2000)
    }

    /// One illegal chain: its entries, the indirect table at 0x8000, and what it is refused for.
    struct Illegal: Sendable, CustomStringConvertible {
        let description: String
        let chain: [DriverDescriptor]
        var table: [DriverDescriptor] = []
        var features = Feature.indirectDescriptors
        let error: QueueError
    }

    private static let page = entry(0x10000, 16)
    private static func pointer(_ count: UInt32, _ flags: UInt16 = 0, at address: UInt64 = 0x8000) -> DriverDescriptor {
        entry(address, count, DriverDescriptor.indirect | flags)
    }

    static let illegal: [Illegal] = [
        Illegal(
            description: "an indirect table that was not negotiated", chain: [pointer(16)], table: [page], features: 0,
            error: .indirectTable),
        Illegal(description: "an empty indirect table", chain: [pointer(0)], table: [page], error: .indirectTable),
        Illegal(description: "half an entry", chain: [pointer(24)], table: [page, page], error: .indirectTable),
        Illegal(
            description: "a table that is followed by others", chain: [pointer(16, 1), page], table: [page],
            error: .indirectTable),
        Illegal(
            description: "a table that follows others", chain: [entry(0x10000, 1, 1), pointer(16)], table: [page],
            error: .indirectTable),
        Illegal(
            description: "a table of more entries than 16 bits count", chain: [pointer(16 << 17)], error: .chainTooLong),
        Illegal(
            description: "a chain without an end", chain: (0..<4).map { _ in entry(0x10000, 1, 1) },
            error: .chainTooLong),
        Illegal(
            description: "an endless chain of empty buffers", chain: (0..<4).map { _ in entry(0, 0, 1) },
            error: .chainTooLong),
        Illegal(
            description: "a table outside of memory", chain: [pointer(32, at: (4 << 20) - 16)],
            error: .notMemory(GuestAddress((4 << 20) - 16), count: 32)),
        Illegal(
            description: "a buffer that ends outside of memory", chain: [entry((4 << 20) - 1, 2)],
            error: .notMemory(GuestAddress((4 << 20) - 1), count: 2)),
        Illegal(
            description: "a buffer that wraps around", chain: [entry(.max, 2)],
            error: .notMemory(GuestAddress(.max), count: 2)),
        Illegal(
            description: "a readable behind a writable", chain: [entry(0x10000, 1, 3), page],
            error: .readableAfterWritable),
        Illegal(
            description: "a chain longer than its holder", chain: [pointer(16 * 5)],
            table: (0..<5).map { _ in entry(0x10000, 1) }, error: .chainTooLong),
    ]

    @Test("is refused", arguments: illegal)
    func rules(_ illegal: Illegal) throws {
        let ring = try Ring(size: 4)
        try ring.write(illegal.chain)
        try ring.write(illegal.table, table: 0x8000)
        var queue = try ring.queue(illegal.features)
        var chain = DescriptorChain(capacity: 4, memory: ring.guest.memory)
        #expect(throws: illegal.error) { try queue.next(into: &chain) }
    }

    @Test(
        "an entry is available only in its own turn: both flags equal, or the other turn's, mean nothing",
        arguments: [0, 0x80, 0x8000, 0x8080] as [UInt16], [0, 4] as [UInt16])
    func turns(flags: UInt16, start: UInt16) throws {
        let guest = try Guest()
        let driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4, start: start, layout: .packed)
        try driver.write(DriverDescriptor(address: 0x10000, length: 1, next: flags), index: 0)
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: Feature.packedRing)
        var chain = DescriptorChain(capacity: 4, memory: guest.memory)
        let isThere = try queue.next(into: &chain)
        #expect(isThere == (flags == (start == 0 ? 0x80 : 0x8000)))
    }

    @Test("nothing completed shows before publish, however many and in whichever order")
    func batch() throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 7, start: 5, layout: .packed)
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: Feature.packedRing)
        var chain = DescriptorChain(capacity: 7, memory: guest.memory)
        var heads: [UInt16] = []
        for length in [2, 1, 3] {
            heads.append(try #require(try driver.add((0..<length).map { _ in .writable(0x10000, 8) })))
        }
        try driver.publish()
        var tokens: [ChainToken] = []
        for _ in heads {
            let isThere = try queue.next(into: &chain)
            #expect(isThere)
            tokens.append(chain.token)
        }
        let isThere = try queue.next(into: &chain)
        #expect(!isThere)
        for i in [2, 0, 1] {
            #expect(try driver.usedCount() == 0)
            queue.complete(tokens[i], written: UInt32(i + 1))
        }
        queue.publish()
        #expect(try driver.usedCount() == 3)
        for i in [2, 0, 1] {
            let found = try driver.takeUsed()
            #expect(found?.head == heads[i] && found?.written == UInt32(i + 1))
        }
        #expect(driver.usedIndex == queue.position.nextUsed && driver.freeCount == 7)
    }

    @Test("what is written to a packed ring is marked dirty")
    func dirty() throws {
        let guest = try Guest(tracksWrites: true)
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 256, layout: .packed)
        var queue = try Virtqueue(
            driver.setup(), memory: guest.memory, features: Feature.packedRing | Feature.eventIndex)
        var chain = DescriptorChain(capacity: 1, memory: guest.memory)
        _ = try driver.add([.readable(0x10000, 8)])
        try driver.publish()
        let isThere = try queue.next(into: &chain)
        #expect(isThere)
        let dirty = try #require(guest.memory.dirty)
        _ = dirty.take(word: 0)
        queue.complete(chain.token, written: 0)
        #expect(dirty.take(word: 0) == 0)
        queue.publish()
        #expect(dirty.take(word: 0) == 1 << 4)
        _ = queue.enableKicks()
        // The device's own structure lies behind the 4 KiB of descriptors.
        #expect(dirty.take(word: 0) == 1 << 5)
    }

    @Test("4 GiB in one chain are too much")
    func tooLarge() throws {
        let ring = try Ring(size: 8, ramBytes: 1 << 30)
        var queue = try ring.queue()
        var chain = DescriptorChain(capacity: 8, memory: ring.guest.memory)
        let quarter = entry(0, 1 << 30, 3)
        try ring.write([
            quarter, quarter, quarter, entry(0, (1 << 30) - 1, 2), quarter, quarter, quarter, entry(0, 1 << 30, 2),
        ])
        let isThere = try queue.next(into: &chain)
        #expect(isThere && chain.writableBytes == (1 << 32) - 1)
        #expect(throws: QueueError.chainTooLarge) { try queue.next(into: &chain) }
    }
}

extension Ring {
    init(_ guest: Guest, size: UInt16) throws {
        self.guest = guest
        driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: size, layout: .packed)
    }
}
