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
    var published = 0
    var serial: UInt32 = 0

    init(memory: GuestMemory, size: UInt16, start: UInt16) throws {
        let driver = try DriverQueue(memory: memory, at: 0x4000, size: size, start: start)
        let queue = try Virtqueue(driver.setup(), memory: memory, features: 0)
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
            let head = try driver.add([.readable(0x10000 + UInt64(serial % 256) * 16, 1 + serial % 16)])
            #expect((head == nil) == (waiting.count + held.count + completed.count == Int(driver.size)))
            guard let head else { return false }
            try driver.publish()
            waiting.append(head)
        case .take:
            let isThere = try queue.next(into: &chain)
            #expect(isThere == !waiting.isEmpty)
            guard isThere else { return false }
            let head = waiting.removeFirst()
            held.append((chain.token, head))
            taken = taken.suffix(16) + [head]
        case .completeOldest, .completeNewest:
            guard !held.isEmpty else { return false }
            let entry = step == .completeOldest ? held.removeFirst() : held.removeLast()
            serial += 1
            queue.complete(entry.token, written: serial)
            completed.append((entry.head, serial))
            #expect(try driver.publishedUsed() == driver.usedIndex &+ UInt16(published))
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
    @Test(
        "every sequence of seven steps agrees, across the wrap of both indices",
        arguments: [1, 2, 4, 8] as [UInt16], [0, 65533, 65535] as [UInt16])
    func exhaustive(size: UInt16, start: UInt16) throws {
        let guest = try Guest()
        var agreed = 0
        // Sequences are numbers in base 6; one that contains a step without effect is cut there.
        var steps = [Int](repeating: 0, count: 7)
        while true {
            var model = try Model(memory: guest.memory, size: size, start: start)
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

    @Test("random steps agree over more than one whole turn of the indices", arguments: [1, 2, 4, 8] as [UInt16])
    func wholeTurn(size: UInt16) throws {
        let guest = try Guest()
        var random = SeededRandom(seed: UInt64(size))
        var model = try Model(memory: guest.memory, size: size, start: 0)
        var taken = 0
        while taken < 70_000 {
            let step = Model.Step.allCases[Int.random(in: 0..<Model.Step.allCases.count, using: &random)]
            if try model.make(step), step == .completeOldest || step == .completeNewest { taken += 1 }
        }
        let position = model.queue.position
        #expect(position.nextUsed == UInt16(truncatingIfNeeded: taken))
    }

    @Test(
        "a size that is no power of two up to 32768 is refused",
        arguments: [0, 3, 5, 6, 7, 9, 32767, 32769, 65535] as [UInt16])
    func sizes(size: UInt16) throws {
        let guest = try Guest()
        var setup = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8).setup()
        setup.size = size
        #expect(throws: QueueError.size(size)) { _ = try Virtqueue(setup, memory: guest.memory, features: 0) }
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
}
