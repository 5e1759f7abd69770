// SPDX-License-Identifier: Apache-2.0

import Bus
import Devices
import GuestMemory
import Linux
import PCI
import TestSupport
import Virtio

/// A socket device on recorded rings, and a driver's three queues.
final class VsockRig {
    let ram: Guest
    let log = RecordedRings.Log()
    let port = TestPort()
    let device: Vsock<RecordedRings>
    let kicks: EventGroup
    let calls: EventGroup
    var queues: [DriverQueue] = []
    static let features: UInt64 = Feature.version1 | Feature.indirectDescriptors | Feature.eventIndex | 1 << 1

    init(cid: UInt32 = 77, tracksWrites: Bool = false) throws {
        ram = try Guest(tracksWrites: tracksWrites)
        device = try Vsock(RecordedRings(log: log), cid: cid)
        kicks = try EventGroup(count: 3)
        calls = try EventGroup(count: 3)
        for i in 0..<3 {
            queues.append(try DriverQueue(memory: ram.memory, at: 0x1_0000 * UInt64(i + 1), size: 16, start: 100))
        }
    }

    // The thread ends before the memory that it looks at goes.
    deinit { device.stop() }

    func setup(queues wanted: [Int] = [0, 1, 2]) -> DeviceSetup {
        DeviceSetup(
            memory: ram.memory, features: VsockRig.features,
            queues: wanted.map {
                queues[$0].setup(index: $0, kick: kicks[$0], interrupt: Interrupt(raw: calls[$0]))
            }, port: port)
    }

    /// Lends a buffer for an event and says so.
    func lend(bytes: UInt32) throws {
        _ = try queues[2].add([.writable(0x8_0000, bytes)])
        try queues[2].publish()
        EventFD.signal(kicks[2])
    }

    /// Waits for the next event's length.
    func waitForEvent() throws -> UInt32 {
        while true {
            if let used = try queues[2].takeUsed() { return used.written }
            Pause.briefly()
        }
    }
}
