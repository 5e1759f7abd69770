// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Synchronization
import Virtio

/// What the device's side of a queue costs a chain, in nanoseconds: taken and completed, and once a batch published, asked
/// for the interrupt and opened for kicks; then the same with eight bytes read from each chain and one written to it.
/// Split and packed rings in the same run, turn by turn.
///
/// `ring-cost [split|packed]` prints one line of JSON a shape. The driver's part, which puts the ring back as it was, is
/// not timed.
@main
struct RingCost {
    private static let size = 256
    private static let rounds = 15
    private static let batches = 4000

    static func main() throws {
        let only = CommandLine.arguments.dropFirst().first
        let layouts = [false, true].filter { only == nil || $0 == (only == "packed") }
        let ram = try GuestRAM(layout: RAMLayout(bytes: 8 << 20))
        for (name, descriptors, isIndirect) in [("1", 1, false), ("4", 4, false), ("4 indirect", 4, true)] {
            for touches in [false, true] {
                var best = [Double](repeating: .infinity, count: 2)
                for _ in 0..<rounds {
                    for isPacked in layouts {
                        var ring = try Ring(ram.memory, isPacked, descriptors, isIndirect)
                        let cost = try ring.run(batches: batches, touches: touches)
                        best[isPacked ? 1 : 0] = min(best[isPacked ? 1 : 0], cost)
                    }
                }
                let figures = layouts.map { isPacked in
                    "\"\(isPacked ? "packed" : "split")_ns\": \(round(best[isPacked ? 1 : 0] * 100) / 100)"
                }
                print(
                    "{\"descriptors\": \"\(name)\", \"touched\": \(touches), \(figures.joined(separator: ", "))}")
            }
        }
    }

    private struct Ring: ~Copyable {
        let memory: GuestMemory
        let isPacked: Bool
        let chains: Int
        var queue: Virtqueue
        var chain: DescriptorChain
        var turns: [[UInt8]] = []
        var available: UInt16 = 0

        init(_ memory: GuestMemory, _ isPacked: Bool, _ descriptors: Int, _ isIndirect: Bool) throws {
            self.memory = memory
            self.isPacked = isPacked
            let entries = isIndirect ? 1 : descriptors
            chains = RingCost.size / entries
            try memory.clear(at: GuestAddress(0x10000), count: 0x10000)
            func write(_ at: UInt64, _ address: UInt64, _ length: UInt32, _ flags: UInt16, _ name: UInt16) throws {
                try memory.write(address, at: GuestAddress(at))
                try memory.write(length, at: GuestAddress(at + 8))
                try memory.write(isPacked ? name : flags, at: GuestAddress(at + 12))
                try memory.write(isPacked ? flags : name, at: GuestAddress(at + 14))
            }
            for i in 0..<chains {
                let table = isIndirect ? 0x40000 + UInt64(i) * 64 : 0x10000 + UInt64(i * entries) * 16
                for j in 0..<descriptors {
                    let isLast = j == descriptors - 1
                    var flags: UInt16 = (isLast ? 2 : 0) | (isLast || isPacked && isIndirect ? 0 : 1)
                    if isPacked, !isIndirect { flags |= 0x80 }
                    let next = isPacked ? UInt16(i) : UInt16((isIndirect ? 0 : i * entries) + j + 1)
                    try write(table + UInt64(j) * 16, 0x100000 + UInt64(i) * 0x1000, 512, flags, next)
                }
                if isIndirect {
                    try write(
                        0x10000 + UInt64(i) * 16, table, UInt32(descriptors) * 16, 4 | (isPacked ? 0x80 : 0), UInt16(i))
                }
                if !isPacked {
                    try memory.write(UInt16(i * entries), at: GuestAddress(0x20004 + 2 * UInt64(i)))
                }
            }
            if !isPacked {
                // As many heads as the ring has entries, over and over.
                for i in chains..<RingCost.size {
                    try memory.write(UInt16(i % chains * entries), at: GuestAddress(0x20004 + 2 * UInt64(i)))
                }
            }
            let first = try memory.read(at: GuestAddress(0x10000), count: RingCost.size * 16)
            turns = [first, first]
            for i in 0..<RingCost.size {
                turns[1][16 * i + 14] ^= 0x80
                turns[1][16 * i + 15] ^= 0x80
            }
            let position: UInt16 = isPacked ? 0x8000 : 0
            let setup = QueueSetup(
                index: 0, size: UInt16(RingCost.size), descriptorTable: GuestAddress(0x10000),
                driverArea: GuestAddress(0x20000), deviceArea: GuestAddress(0x30000), kick: -1, interrupt: .none,
                nextAvailable: position, nextUsed: position)
            let features = 1 << 32 | 1 << 29 | 1 << 28 | (isPacked ? 1 << 34 : 0) as UInt64
            queue = try Virtqueue(setup, memory: memory, features: features)
            chain = DescriptorChain(capacity: RingCost.size, memory: memory)
        }

        /// Nanoseconds a chain.
        mutating func run(batches: Int, touches: Bool) throws -> Double {
            var spent: UInt64 = 0
            var taken = 0
            for batch in 0..<batches {
                // A driver writes every descriptor anew, in either layout.
                try memory.write(turns[isPacked ? batch & 1 : 0], at: GuestAddress(0x10000))
                if !isPacked {
                    available &+= UInt16(chains)
                    try memory.write(available, at: GuestAddress(0x20002))
                }
                atomicMemoryFence(ordering: .sequentiallyConsistent)
                let start = RingCost.now
                while try queue.next(into: &chain) {
                    if touches {
                        _ = chain.load(UInt64.self, at: 0)
                        chain.store(UInt8(0), at: 0)
                    }
                    queue.complete(chain.token, written: 1)
                    taken += 1
                }
                queue.publish()
                _ = queue.shouldInterrupt()
                _ = queue.enableKicks()
                spent += RingCost.now - start
            }
            precondition(taken == batches * chains, "The queue lost chains")
            return Double(spent) / Double(taken)
        }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
