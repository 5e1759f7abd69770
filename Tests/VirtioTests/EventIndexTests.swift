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

    @Test("without EVENT_IDX the driver's flag decides", arguments: [false, true])
    func flag(isOff: Bool) throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4)
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: 0)
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

    @Test("asking for kicks says whether a chain came in the meantime", arguments: [0, Feature.eventIndex])
    func kicks(features: UInt64) throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 4, start: 65535)
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: features)
        var chain = DescriptorChain(capacity: 4, memory: guest.memory)
        let answer8 = queue.enableKicks()
        #expect(!answer8)
        if features == 0 {
            #expect(try driver.usedFlags() == 0)
        } else {
            #expect(try driver.availableEvent() == 65535)
        }
        queue.disableKicks()
        #expect(try driver.usedFlags() == (features == 0 ? 1 : 0))
        _ = try driver.add(buffer)
        try driver.publish()
        let answer9 = queue.enableKicks()
        #expect(answer9)
        let taken10 = try queue.next(into: &chain)
        #expect(taken10)
        let answer11 = queue.enableKicks()
        #expect(!answer11)
        if features != 0 { #expect(try driver.availableEvent() == 0) }
    }
}
