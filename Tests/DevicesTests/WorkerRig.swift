// SPDX-License-Identifier: Apache-2.0

import Bus
import Glibc
import GuestMemory
import Linux
import TestSupport
import Virtio

/// A device with its worker's thread, started as a transport would start it: kicks and interrupts are eventfds.
final class WorkerRig {
    let ram: GuestRAM
    let port = TestPort()
    var queues: [DriverQueue]
    private let layout: RingLayout
    private let kicks: [Event]
    private let interrupts: [Event]

    init(queues count: Int, size: UInt16 = 64, layout: RingLayout = .split, tracksWrites: Bool = false) throws {
        self.layout = layout
        ram = try GuestRAM(layout: RAMLayout(bytes: 64 << 20), tracksWrites: tracksWrites)
        var queues: [DriverQueue] = []
        for i in 0..<count {
            queues.append(try DriverQueue(memory: ram.memory, at: 0x1_0000 * UInt64(i + 1), size: size, layout: layout))
        }
        self.queues = queues
        kicks = try (0..<count).map { _ in try Event() }
        interrupts = try (0..<count).map { _ in try Event() }
    }

    var memory: GuestMemory { ram.memory }

    /// What the transport says when the driver is ready.
    func setup(features: UInt64) -> DeviceSetup {
        let all = queues.enumerated().map { i, queue in
            queue.setup(
                index: i, kick: kicks[i].descriptor.raw, interrupt: Interrupt(raw: interrupts[i].descriptor.raw))
        }
        return DeviceSetup(
            memory: memory, features: features | Feature.version1 | layout.features, queues: all, port: port)
    }

    func kick(_ queue: Int) throws {
        try queues[queue].publish()
        kicks[queue].descriptor.signal()
    }

    /// Waits for an interrupt of the queue; false after ten seconds without one.
    func waitForInterrupt(_ queue: Int) -> Bool {
        var wait = pollfd(fd: interrupts[queue].descriptor.raw, events: Int16(POLLIN), revents: 0)
        let isRaised = poll(&wait, 1, 10_000) == 1
        interrupts[queue].descriptor.drain()
        return isRaised
    }

    /// The next used element, waiting for interrupts until it is there.
    func used(_ queue: Int) throws -> (head: UInt16, written: UInt32)? {
        while true {
            // Asks for an interrupt at the next completion, then looks once more, as a driver does.
            try queues[queue].setUsedEvent(queues[queue].usedIndex)
            if let used = try queues[queue].takeUsed() { return used }
            if !waitForInterrupt(queue) { return nil }
        }
    }
}

/// An eventfd that an array can hold.
private final class Event {
    let descriptor: EventFD
    init() throws { descriptor = try EventFD() }
}
