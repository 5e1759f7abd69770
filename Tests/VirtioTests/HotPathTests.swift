// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import TestSupport
import Testing
import Virtio

@Suite("The hot path")
struct HotPathTests {
    @Test(
        "a million chains are taken and completed without one heap allocation", arguments: [false, true],
        RingLayout.allCases)
    func noAllocation(isIndirect: Bool, layout: RingLayout) throws {
        let guest = try Guest(tracksWrites: true)
        var driver = try DriverQueue(memory: guest.memory, at: 0x4000, size: 256, layout: layout)
        let buffers: [DriverBuffer] = [
            .readable(0x10000, 16), .readable(0x20000, 4096), .writable(0x30000, 4096), .writable(0x40000, 1),
        ]
        var count = 0
        while try driver.add(buffers, indirect: isIndirect ? 0x80000 + UInt64(count) * 64 : nil) != nil { count += 1 }
        try driver.publish()
        let features = Feature.indirectDescriptors | Feature.eventIndex | layout.features
        var queue = try Virtqueue(driver.setup(), memory: guest.memory, features: features)
        // A packed ring's entries as the driver wrote them, for one turn and the next.
        let entries = try guest.memory.bytes(at: GuestAddress(driver.table), count: 256 * 16)
        let first = try guest.memory.read(at: GuestAddress(driver.table), count: 256 * 16)
        var second = first
        for i in 0..<256 {
            second[16 * i + 14] ^= 0x80
            second[16 * i + 15] ^= 0x80
        }
        var turn = 0
        var chain = DescriptorChain(capacity: 256, memory: guest.memory)
        var vector = IOVector(capacity: 8)
        var taken = 0
        let used = GuestAddress(driver.available + 2)
        // The counter counts: strdup allocates inside the C library.
        #expect(AllocationCount.during { free(strdup("counted")) } > 0)
        var allocations = 0
        // The first thousand warm up what the language's runtime makes once a process.
        for limit in [1000, 1_001_000] {
            allocations = try AllocationCount.during {
                while taken < limit {
                    // The driver: everything taken before is available again.
                    switch layout {
                    case .split: try guest.memory.write(UInt16(truncatingIfNeeded: taken + count), at: used)
                    case .packed: entries.copyBytes(from: turn % 2 == 0 ? first : second)
                    }
                    turn += 1
                    for _ in 0..<count {
                        guard try queue.next(into: &chain) else { break }
                        _ = chain.load(UInt64.self, at: 8)
                        vector.removeAll()
                        _ = vector.append(chain.writable, from: 0, count: 4096)
                        chain.store(UInt8(0), at: 4096)
                        queue.complete(chain.token, written: 4097)
                        taken += 1
                    }
                    queue.publish()
                    _ = queue.shouldInterrupt()
                    _ = queue.enableKicks()
                }
            }
        }
        #expect(allocations == 0)
        #expect(taken >= 1_000_000)
    }
}
