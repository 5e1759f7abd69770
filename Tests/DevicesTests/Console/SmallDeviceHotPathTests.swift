// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import TestSupport
import Testing

@testable import Devices
@testable import Virtio

@Suite("The small devices once they run")
struct SmallDeviceHotPathTests {
    @Test("a balloon that is inflated and told of free pages does not allocate")
    func balloon() throws {
        let rig = try WorkerRig(queues: 5)
        var work = try BalloonWork(
            rig.setup(features: BalloonFeature.statistics | BalloonFeature.pageReporting),
            shared: try BalloonShared(period: 0, discards: true))
        for page in 0..<256 {
            try rig.memory.write(UInt32(0x1000 + page * 2).littleEndian, at: GuestAddress(0x10_0000 + UInt64(4 * page)))
        }
        for round in 0..<4 {
            _ = try rig.queues[0].add([.readable(0x10_0000, 1024)])
            _ = try rig.queues[3].add([.writable(0x200_0000, 1 << 20)])
            try rig.queues[0].publish()
            try rig.queues[3].publish()
            let count = AllocationCount.during {
                work.kicked(queue: 0)
                work.kicked(queue: 3)
            }
            #expect(try rig.queues[0].takeUsed() != nil && rig.queues[3].takeUsed() != nil)
            if round > 0 { #expect(count == 0) }
        }
    }

    @Test("a channel that carries bytes both ways does not allocate")
    func channel() throws {
        let pair = try UnixSocket.pair()
        let port = try ConsolePort("channel", stream: try pair.first.descriptor.duplicate())
        port.setGuestOpen(true)
        let rig = try WorkerRig(queues: 6)
        var work = try ConsoleWork(
            rig.setup(features: ConsoleFeature.multiport), ports: [nil, port], events: try EventSet(), onChange: {})
        let text = [UInt8](repeating: 0x61, count: 4096)
        var back = text
        for round in 0..<4 {
            try pair.second.descriptor.writeAll(text)
            _ = try rig.queues[4].add([.writable(0x20_0000, 4096)])
            _ = try rig.queues[5].add([.readable(0x30_0000, 2000), .readable(0x31_0001, 2096)])
            try rig.queues[4].publish()
            try rig.queues[5].publish()
            let count = AllocationCount.during {
                work.ready(token: 1, readiness: .readable)
                work.kicked(queue: 4)
                work.kicked(queue: 5)
            }
            #expect(try rig.queues[4].takeUsed()?.written == 4096)
            #expect(try rig.queues[5].takeUsed() != nil)
            #expect(read(pair.second.descriptor.raw, &back, back.count) == 4096)
            if round > 0 { #expect(count == 0) }
        }
    }
}
