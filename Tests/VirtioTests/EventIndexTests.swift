// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import TestSupport
import Testing
import Virtio

@Suite("Interrupts and kicks of a queue")
struct EventIndexTests {
    private let buffer = [DriverBuffer.readable(0x10000, 16)]

    @Test(
        "with EVENT_IDX the driver is interrupted exactly when the used index goes past its event",
        arguments: [0, 1, 32767, 32768, 65528, 65531, 65534, 65535] as [UInt16])
    func truthTable(start: UInt16) throws {
        let guest = try Guest()
        var chain = DescriptorChain(capacity: 8, memory: guest.memory)
        for completed in 0...8 {
            for offset in -10...10 {
                var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8, start: start)
                var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: Feature.eventIndex)
                // A queue taken up in the middle of its life may interrupt once too often: that is over now.
                queue.publish()
                let answer1 = queue.shouldInterrupt()
                #expect(answer1 == (start != 0))
                for _ in 0..<completed {
                    _ = try driver.add(buffer)
                    try driver.publish()
                    let taken2 = try queue.next(into: &chain)
                    #expect(taken2)
                    queue.complete(chain.token, written: 0)
                }
                let event = start &+ UInt16(bitPattern: Int16(offset))
                try driver.setUsedEvent(event)
                queue.publish()
                // Without modular arithmetic: is the event one of the indices just filled?
                let wanted = (0..<completed).contains { start &+ UInt16($0) == event }
                let answer3 = queue.shouldInterrupt()
                #expect(answer3 == wanted, "start \(start) completed \(completed) offset \(offset)")
                let answer4 = queue.shouldInterrupt()
                #expect(!answer4)
            }
        }
    }

    @Test(
        "in a packed ring with EVENT_IDX the driver is interrupted exactly when a used entry is the event",
        arguments: [1, 5, 8] as [UInt16], [0, 3, 7, 8, 11, 15, 65535] as [UInt16])
    func packedTruthTable(size: UInt16, start: UInt16) throws {
        let guest = try Guest()
        let turn = 2 * Int(size)
        for completed in 0...Int(size) {
            for offset in -Int(size)..<Int(size) {
                var chain = DescriptorChain(capacity: 8, memory: guest.memory)
                var driver = try DriverQueue(
                    memory: guest.memory, at: 0x4000, size: size, start: start, layout: .packed)
                let first = driver.usedIndex
                var queue = try Virtqueue(
                    driver.setup(), memory: guest.memory, features: Feature.eventIndex | Feature.packedRing)
                queue.publish()
                let answer12 = queue.shouldInterrupt()
                #expect(answer12 == (first != RingPosition.start))
                for _ in 0..<completed {
                    _ = try driver.add(buffer)
                    try driver.publish()
                    let taken13 = try queue.next(into: &chain)
                    #expect(taken13)
                    queue.complete(chain.token, written: 0)
                }
                let event = DriverQueue.position(first, plus: offset + turn, size: size)
                try driver.setUsedEvent(event)
                queue.publish()
                let wanted = (0..<completed).contains {
                    DriverQueue.position(first, plus: $0, size: size) == event
                }
                let answer14 = queue.shouldInterrupt()
                #expect(answer14 == wanted, "start \(start) completed \(completed) offset \(offset)")
                let answer15 = queue.shouldInterrupt()
                #expect(!answer15)
            }
        }
    }

    @Test(
        "an event that is no entry of a packed ring, and flags that mean nothing, harm nobody",
        arguments: [0, 7, 8, 0x7FFF, 0x8007, 0x8008, 0xFFFF] as [UInt16], [0, 1, 2, 3, 4, 0xFFFF] as [UInt16])
    func strangeEvents(position: UInt16, flags: UInt16) throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8, layout: .packed)
        var queue = try Virtqueue(
            driver.setup(), memory: guest.memory, features: Feature.eventIndex | Feature.packedRing)
        var chain = DescriptorChain(capacity: 8, memory: guest.memory)
        _ = try driver.add(buffer)
        try driver.publish()
        let taken16 = try queue.next(into: &chain)
        #expect(taken16)
        queue.complete(chain.token, written: 0)
        queue.publish()
        try guest.memory.write(
            (UInt32(position) | UInt32(flags) << 16).littleEndian, at: GuestAddress(driver.available))
        let answer17 = queue.shouldInterrupt()
        switch flags & 3 {
        case 1: #expect(!answer17)
        // An entry that does not exist is never reached or is taken for another one.
        case 2: if position & 0x7FFF < 8 { #expect(answer17 == (position == 0x8000)) }
        default: #expect(answer17)
        }
        let answer18 = queue.shouldInterrupt()
        #expect(!answer18)
    }

    @Test("without EVENT_IDX the driver's flag decides", arguments: [false, true], RingLayout.allCases)
    func flag(isOff: Bool, layout: RingLayout) throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4, layout: layout)
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: layout.features)
        var chain = DescriptorChain(capacity: 4, memory: guest.memory)
        try driver.setNoInterrupt(isOff)
        queue.publish()
        let answer5 = queue.shouldInterrupt()
        #expect(!answer5)
        _ = try driver.add(buffer)
        try driver.publish()
        let taken6 = try queue.next(into: &chain)
        #expect(taken6)
        queue.complete(chain.token, written: 0)
        queue.publish()
        let answer7 = queue.shouldInterrupt()
        #expect(answer7 == !isOff)
    }

    @Test(
        "asking for kicks says whether a chain came in the meantime", arguments: [0, Feature.eventIndex],
        RingLayout.allCases)
    func kicks(features: UInt64, layout: RingLayout) throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4, start: 65535, layout: layout)
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: features | layout.features)
        // 65535 is the last entry of a turn that ends with wrap counters of 0.
        let (last, next): (UInt16, UInt16) = layout == .packed ? (3, RingPosition.start) : (65535, 0)
        let (on, off): (UInt16, UInt16) =
            layout == .packed ? (features == 0 ? 0 : 2, 1) : (0, features == 0 ? 1 : 0)
        var chain = DescriptorChain(capacity: 4, memory: guest.memory)
        let answer8 = queue.enableKicks()
        #expect(!answer8)
        #expect(try driver.usedFlags() == on)
        if features != 0 { #expect(try driver.availableEvent() == last) }
        queue.disableKicks()
        #expect(try driver.usedFlags() == off)
        _ = try driver.add(buffer)
        try driver.publish()
        let answer9 = queue.enableKicks()
        #expect(answer9)
        let taken10 = try queue.next(into: &chain)
        #expect(taken10)
        let answer11 = queue.enableKicks()
        #expect(!answer11)
        if features != 0 { #expect(try driver.availableEvent() == next) }
    }
}
