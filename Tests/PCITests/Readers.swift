// SPDX-License-Identifier: Apache-2.0

import Bus
import Linux
import Synchronization

/// Threads that read eight pages of a bus as vCPUs would while another moves a window about in them.
final class Readers: Sendable {
    private let memory: MemoryBus
    private let isDone = Atomic<Bool>(false)
    private let wrong = Atomic<Int>(0)
    private let gate = Gate()

    init(memory: MemoryBus) { self.memory = memory }

    /// Starts this many; says how many there are to wait for.
    func start(_ count: Int) throws -> Int {
        for _ in 0..<count {
            _ = try OSThread(name: "reader") {
                while !self.isDone.load(ordering: .acquiring) {
                    for page: UInt64 in 0..<8 {
                        let value = self.memory.read(address: 0xC000_0010 + page << 12, size: 4)
                        if value != 0x10, value != .max { self.wrong.wrappingAdd(1, ordering: .relaxed) }
                    }
                }
                self.gate.advance()
            }
        }
        return count
    }

    /// Ends them and waits until they are.
    func finish(_ count: Int) {
        isDone.store(true, ordering: .releasing)
        while gate.value < UInt32(count) { gate.wait(while: gate.value) }
    }

    /// Reads that were neither the window's nor nobody's.
    var wrongReads: Int { wrong.load(ordering: .acquiring) }
}
