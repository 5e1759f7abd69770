// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Record
import TestSupport
import Testing
import Virtio

@Suite("A virtio function's state as a record")
struct StateRecordTests {
    @Test(
        "a function goes on from what was decoded, and a chain that was kicked while it was saved is served",
        arguments: RingLayout.allCases)
    func roundTrip(layout: RingLayout) throws {
        let machine = try EchoMachine()
        var queue = try machine.start(layout: layout)
        for i: UInt32 in 0..<37 { _ = try machine.echo(i, through: &queue) }
        machine.device.pause()
        // This kick is lost with the source: it rang in an eventfd that does not travel.
        try machine.guest.memory.write(UInt32(41).littleEndian, at: GuestAddress(0x10000))
        _ = try queue.add([.readable(0x10000, 4), .writable(0x10100, 4)])
        try queue.publish()
        machine.driver.kick(0)
        let state = machine.function.state
        let bytes = Record.encode(state)
        let decoded = try Record.decode(VirtioPCIState.self, bytes)
        #expect(decoded == state)
        #expect(Record.encode(decoded) == bytes)

        let other = try EchoMachine(guest: machine.guest)
        other.device.pause()
        #expect(other.function.restore(decoded))
        #expect(other.function.state == state)
        #expect(try queue.usedCount() == 0)
        other.device.resume()
        other.wait(for: EchoMachine.queueMessage)
        #expect(try queue.takeUsed()?.written == 4)
        let answer: UInt32 = try machine.guest.memory.read(at: GuestAddress(0x10100))
        // One is added to each byte.
        #expect(UInt32(littleEndian: answer) == 0x0101_012A)
        #expect(try other.echo(7, through: &queue) == 0x0101_0108)
        machine.driver.status = 0
    }

    @Test(
        "bytes changed or cut off on the way are refused by the decoder or the function, or make a state it can be in",
        arguments: RingLayout.allCases, [1, 2, 3] as [UInt64])
    func hostile(layout: RingLayout, seed: UInt64) throws {
        let machine = try EchoMachine()
        var queue = try machine.start(layout: layout)
        for i: UInt32 in 0..<5 { _ = try machine.echo(i, through: &queue) }
        machine.device.pause()
        let bytes = Record.encode(machine.function.state)
        machine.driver.status = 0
        let other = try EchoMachine(guest: machine.guest)
        var random = SeededRandom(seed: seed)
        var (undecodable, refused, restored) = (0, 0, 0)
        for round in 0..<3000 {
            var changed = bytes
            // Half of the bytes are configuration registers, most of which the function knows to be fixed.
            let start = round % 4 == 0 ? 0 : bytes.count / 2
            changed[Int.random(in: start..<bytes.count, using: &random)] = UInt8(truncatingIfNeeded: random.next())
            if round % 50 == 0 { changed.removeLast(Int.random(in: 1..<changed.count, using: &random)) }
            guard let state = try? Record.decode(VirtioPCIState.self, changed) else {
                undecodable += 1
                continue
            }
            if other.function.restore(state) { restored += 1 } else { refused += 1 }
        }
        #expect(undecodable > 50 && refused > 50 && restored > 50, "\(undecodable) \(refused) \(restored)")
        other.function.reset()
        var fresh = try other.start(layout: layout)
        #expect(try other.echo(1, through: &fresh) == 0x0101_0102)
    }

    @Test("a queue taken up where another left it goes on with its entries", arguments: RingLayout.allCases)
    func queueGoesOn(layout: RingLayout) throws {
        let guest = try Guest()
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8, layout: layout)
        var setup = driver.setup()
        var heads: [UInt16] = []
        // Each life takes two chains, completes one, puts the other back, and leaves.
        for life in 0..<200 {
            var queue = try Virtqueue(setup, memory: guest.memory, features: layout.features)
            var chain = DescriptorChain(capacity: 8, memory: guest.memory)
            while let head = try driver.add([.readable(0x10000, 16), .writable(0x20000, 16)]) { heads.append(head) }
            try driver.publish()
            let isFirst = try queue.next(into: &chain)
            let first = chain.token
            let isSecond = try queue.next(into: &chain)
            #expect(isFirst && isSecond)
            queue.putBack(chain.token)
            queue.complete(first, written: UInt32(life))
            queue.flush()
            let used = try driver.takeUsed()
            #expect(used?.head == heads.removeFirst() && used?.written == UInt32(life))
            (setup.nextAvailable, setup.nextUsed) = (queue.position.nextAvailable, queue.position.nextUsed)
        }
    }
}
