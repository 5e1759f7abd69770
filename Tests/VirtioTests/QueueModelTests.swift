// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import TestSupport
import Testing
import Virtio

/// Both sides of a queue, and a model of it that knows lists and no rings.
private struct Model: ~Copyable {
    var driver: DriverQueue
    var queue: Virtqueue
    var chain: DescriptorChain
    /// Heads in the order they were made available and not taken.
    var waiting: [UInt16] = []
    /// Chains the device holds, oldest first.
    var held: [(token: ChainToken, head: UInt16)] = []
    /// What the driver will find, in order.
    var completed: [(head: UInt16, written: UInt32)] = []
    /// Heads in the order they were taken, completed or not; as many as matter.
    var taken: [UInt16] = []
    /// Descriptors of each chain that the driver has not got back.
    var lengths: [UInt16: Int] = [:]
    var published = 0
    var serial: UInt32 = 0
    /// Descriptors of all chains ever completed.
    var descriptors = 0

    init(memory: GuestMemory, size: UInt16, start: UInt16, layout: RingLayout) throws {
        let driver = try DriverQueue(memory: memory, at: 0x4000, size: size, start: start, layout: layout)
        let queue = try Virtqueue(driver.setup(), memory: memory, features: layout.features)
        self.driver = driver
        self.queue = queue
        chain = DescriptorChain(capacity: Int(size), memory: memory)
    }

    enum Step: CaseIterable { case add, take, completeOldest, completeNewest, putBack, publishAndReap }

    /// Makes one step on both and compares; false when the step changes nothing in this state.
    mutating func make(_ step: Step) throws -> Bool {
        switch step {
        case .add:
            serial += 1
            let length = min(1 + Int(serial % 3), Int(driver.size))
            let head = try driver.add(
                (0..<length).map { .readable(0x10000 + UInt64(serial % 256) * 16, 1 + UInt32($0) + serial % 16) })
            #expect((head == nil) == (lengths.values.reduce(0, +) + length > Int(driver.size)))
            guard let head else { return false }
            lengths[head] = length
            try driver.publish()
            waiting.append(head)
        case .take:
            let isThere = try queue.next(into: &chain)
            #expect(isThere == !waiting.isEmpty)
            guard isThere else { return false }
            let head = waiting.removeFirst()
            #expect(chain.readable.count == lengths[head])
            held.append((chain.token, head))
            taken = taken.suffix(16) + [head]
        case .completeOldest, .completeNewest:
            guard !held.isEmpty else { return false }
            let entry = step == .completeOldest ? held.removeFirst() : held.removeLast()
            serial += 1
            queue.complete(entry.token, written: serial)
            completed.append((entry.head, serial))
            descriptors += lengths[entry.head] ?? 0
            #expect(try driver.usedCount() == published)
        case .putBack:
            // Only the chain taken last may go back, while the device holds it; then the one before it.
            guard let head = taken.last, let i = held.lastIndex(where: { $0.head == head }) else { return false }
            taken.removeLast()
            queue.putBack(held.remove(at: i).token)
            waiting.insert(head, at: 0)
        case .publishAndReap:
            queue.publish()
            published = completed.count
            guard !completed.isEmpty else { return false }
            for expected in completed {
                let found = try driver.takeUsed()
                #expect(found?.head == expected.head && found?.written == expected.written)
                lengths[expected.head] = nil
            }
            #expect(try driver.takeUsed() == nil)
            completed = []
            published = 0
        }
        return true
    }
}

@Suite("A queue against a model without rings")
struct QueueModelTests {
    /// A queue's size, where it begins, and how it lies in memory.
    struct Shape: Sendable, CustomStringConvertible {
        let layout: RingLayout
        let size: UInt16
        let start: UInt16
        var description: String { "\(layout) of \(size) from \(start)" }
    }

    /// Powers of two in both layouts, other sizes in the one that has them.
    private static func shapes(_ starts: [UInt16]) -> [Shape] {
        RingLayout.allCases.flatMap { layout in
            ([1, 2, 4, 8] + (layout == .packed ? [3, 5, 7] : [])).flatMap { size in
                starts.map { Shape(layout: layout, size: size, start: $0) }
            }
        }
    }

    @Test(
        "every sequence of seven steps agrees, across the wrap of both indices", arguments: shapes([0, 65533, 65535]))
    func exhaustive(shape: Shape) throws {
        let guest = try Guest()
        var agreed = 0
        // Sequences are numbers in base 6; one that contains a step without effect is cut there.
        var steps = [Int](repeating: 0, count: 7)
        while true {
            var model = try Model(memory: guest.memory, size: shape.size, start: shape.start, layout: shape.layout)
            var cut = steps.count
            for (i, step) in steps.enumerated() where cut == steps.count {
                if try !model.make(Model.Step.allCases[step]) { cut = i + 1 }
            }
            agreed += 1
            var i = cut - 1
            for j in cut..<max(cut, steps.count) { steps[j] = 0 }
            while i >= 0, steps[i] == Model.Step.allCases.count - 1 {
                steps[i] = 0
                i -= 1
            }
            guard i >= 0 else { break }
            steps[i] += 1
        }
        #expect(agreed > 50)
    }

    @Test("random steps agree over more than one whole turn of the indices", arguments: shapes([0]))
    func wholeTurn(shape: Shape) throws {
        let guest = try Guest()
        var random = SeededRandom(seed: UInt64(shape.size))
        var model = try Model(memory: guest.memory, size: shape.size, start: 0, layout: shape.layout)
        var taken = 0
        while taken < 70_000 {
            let step = Model.Step.allCases[Int.random(in: 0..<Model.Step.allCases.count, using: &random)]
            if try model.make(step), step == .completeOldest || step == .completeNewest { taken += 1 }
        }
        let position = model.queue.position
        switch shape.layout {
        case .split: #expect(position.nextUsed == UInt16(truncatingIfNeeded: taken))
        case .packed:
            let expected = DriverQueue.position(RingPosition.start, plus: model.descriptors, size: shape.size)
            #expect(position.nextUsed == expected)
        }
    }

    @Test(
        "a size above 32768 is refused, and in a split ring one that is no power of two",
        arguments: [0, 3, 5, 6, 7, 9, 32767, 32769, 65535] as [UInt16])
    func sizes(size: UInt16) throws {
        let guest = try Guest()
        var setup = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8).setup()
        setup.size = size
        #expect(throws: QueueError.size(size)) { _ = try Virtqueue(setup, memory: guest.memory, features: 0) }
        setup.nextAvailable = RingPosition.start
        setup.nextUsed = RingPosition.start
        func packed() throws { _ = try Virtqueue(setup, memory: guest.memory, features: Feature.packedRing) }
        if size == 0 || size > 32768 {
            #expect(throws: QueueError.size(size)) { try packed() }
        } else {
            try packed()
        }
    }

    @Test(
        "a packed ring is taken up at any entry that it has, and at no other",
        arguments: [(4, false), (5, true), (0x7FFF, true), (0x8004, false), (0x8005, true), (0xFFFF, true)])
    func positions(raw: UInt16, isRefused: Bool) throws {
        let guest = try Guest()
        let good = try DriverQueue(memory: guest.memory, at: 0x4000, size: 5, layout: .packed).setup()
        for field in [\QueueSetup.nextAvailable, \.nextUsed] {
            var setup = good
            setup[keyPath: field] = raw
            var error: QueueError?
            do throws(QueueError) {
                _ = try Virtqueue(setup, memory: guest.memory, features: Feature.packedRing)
            } catch let refusal { error = refusal }
            #expect(error == (isRefused ? .position(raw) : nil))
        }
    }

    @Test("a position goes on and back through both turns of a ring", arguments: [1, 3, 256, 32767, 32768] as [UInt16])
    func ringPosition(size: UInt16) {
        for step in [1, size / 2, size] {
            var position = RingPosition(raw: RingPosition.start)
            var raw = RingPosition.start
            for _ in 0..<7 {
                let next = position.advanced(by: step, size: size)
                raw = DriverQueue.position(raw, plus: Int(step), size: size)
                #expect(next.raw == raw && next.entry < size)
                #expect(next.retreated(by: step, size: size) == position)
                position = next
            }
        }
    }

    @Test("an area that is not aligned or not RAM is refused")
    func areas() throws {
        let guest = try Guest()
        let good = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8).setup()
        let end = guest.memory.layout.end
        for address in [1, 8, end - 112, end, UInt64.max - 15, 0x8000_0000] as [UInt64] {
            var setup = good
            setup.descriptorTable = GuestAddress(address)
            #expect(throws: QueueError.self) { _ = try Virtqueue(setup, memory: guest.memory, features: 0) }
        }
        for address in [1, end - 18, end, UInt64.max - 1] {
            var setup = good
            setup.driverArea = GuestAddress(address)
            #expect(throws: QueueError.self) { _ = try Virtqueue(setup, memory: guest.memory, features: 0) }
        }
        for address in [2, end - 64, UInt64.max - 3] {
            var setup = good
            setup.deviceArea = GuestAddress(address)
            #expect(throws: QueueError.self) { _ = try Virtqueue(setup, memory: guest.memory, features: 0) }
        }
        // Without EVENT_IDX the rings may end where RAM ends; with it they need two bytes more.
        var edge = good
        edge.driverArea = GuestAddress(end - 20)
        _ = try Virtqueue(edge, memory: guest.memory, features: 0)
        #expect(throws: QueueError.self) {
            _ = try Virtqueue(edge, memory: guest.memory, features: Feature.eventIndex)
        }
    }

    @Test("a packed ring needs its descriptors and four bytes for each side, aligned, in RAM")
    func packedAreas() throws {
        let guest = try Guest()
        let good = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8, layout: .packed).setup()
        let end = guest.memory.layout.end
        let bad: [(WritableKeyPath<QueueSetup, GuestAddress>, [UInt64])] = [
            (\.descriptorTable, [1, 8, end - 112, end, UInt64.max - 15, 0x8000_0000]),
            (\.driverArea, [1, 2, end, UInt64.max - 3]), (\.deviceArea, [1, 2, end, UInt64.max - 3]),
        ]
        for (field, addresses) in bad {
            for address in addresses {
                var setup = good
                setup[keyPath: field] = GuestAddress(address)
                #expect(throws: QueueError.self) {
                    _ = try Virtqueue(setup, memory: guest.memory, features: Feature.packedRing)
                }
            }
        }
        var edge = good
        edge.driverArea = GuestAddress(end - 4)
        edge.deviceArea = GuestAddress(end - 4)
        edge.descriptorTable = GuestAddress(end - 128)
        _ = try Virtqueue(edge, memory: guest.memory, features: Feature.packedRing | Feature.eventIndex)
    }
}
