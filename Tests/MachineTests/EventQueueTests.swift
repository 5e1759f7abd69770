// SPDX-License-Identifier: Apache-2.0

import Devices
import Linux
import Testing

@testable import Machine

@Suite("Events of a machine")
struct EventQueueTests {
    private func isReadable(_ queue: EventQueue) throws -> Bool {
        let watch = try Epoll()
        try watch.add(queue.signal.raw, .readable, token: 0)
        return try watch.wait(milliseconds: 0) { _, _ in } == 1
    }

    @Test("events come one at a time, oldest first, and the queue is readable until the last is taken")
    func order() throws {
        let queue = try EventQueue(VCPUGroup())
        queue.requestReset()
        queue.vcpuTripleFaulted(1)
        #expect(try isReadable(queue))
        #expect(queue.next() == .resetRequested)
        #expect(try isReadable(queue))
        #expect(queue.next() == .tripleFaulted)
        #expect(try !isReadable(queue))
        #expect(queue.next() == nil)
    }

    @Test("what a reset makes void is forgotten")
    func cleared() throws {
        let queue = try EventQueue(VCPUGroup())
        queue.requestReset()
        queue.requestPowerOff()
        queue.clear()
        #expect(queue.next() == nil)
        #expect(try !isReadable(queue))
    }

    @Test("a guest that floods the queue with panics cannot lose the event its vCPUs are parked for")
    func flood() throws {
        let queue = try EventQueue(VCPUGroup())
        for i in 0..<10_000 { queue.guestPanicked(i % 2 == 0 ? .panicked : .crashLoaded) }
        queue.requestPowerOff()
        var count = 0
        var last: MachineEvent?
        while let event = queue.next() {
            last = event
            count += 1
        }
        #expect(last == .poweredOff)
        #expect(count <= 100)
    }
}
