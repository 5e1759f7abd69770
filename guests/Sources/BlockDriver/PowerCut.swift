// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Writes blocks that say when they were written, and tells after each flush up to where they must be on the disk.
///
/// Write number n (from 1) goes to the block that `seed` and n choose, so whoever knows `seed`, `size` and `bs` can say of
/// every block what it must hold. Each sector of it: a magic word, n, the block, the sector's place in it, then words made
/// of these. Writes between two flushes are in flight together, never two of one block.
struct PowerCut {
    /// "APUSPWCT".
    static let magic: UInt64 = 0x4150_5553_5057_4354
    private let disk: Disk
    private let blocks: UInt64
    private let seed: UInt64
    private let rounds: UInt64
    private var random: Random
    private var sequence: UInt64 = 0

    init(_ disk: Disk, _ machine: Machine) throws(Failure) {
        self.disk = disk
        blocks = min(disk.capacity * 512, machine.arguments.number("size", 16 << 20)) / UInt64(disk.blockBytes)
        guard blocks > UInt64(disk.slots) else { throw Failure("disk-too-small", seen: disk.capacity) }
        seed = machine.arguments.number("seed", 1)
        rounds = machine.arguments.number("count", .max)
        random = Random(seed: seed ^ 0xF1)
    }

    mutating func run() throws(Failure) {
        var flushes: UInt64 = 0
        while flushes < rounds {
            try batch(Int(random.below(UInt64(disk.slots))) + 1)
            let status = try disk.perform(BlockCommand.flush, sector: 0, bytes: 0, deviceWrites: false)
            guard status == BlockStatus.ok else { throw Failure("flush-failed", seen: UInt64(status)) }
            flushes += 1
            report("result") {
                $0.field("kind", "flushed")
                $0.field("upto", sequence)
            }
        }
    }

    /// So many writes at once, fewer when one would go to a block that is being written.
    private mutating func batch(_ count: Int) throws(Failure) {
        var (begun, busy) = (0, [UInt64]())
        while begun < count {
            let block = Random.mix(seed &+ sequence &+ 1) % blocks
            if busy.contains(block) { break }
            busy.append(block)
            sequence += 1
            fill(disk.buffer(begun), block)
            try disk.submit(
                begun, BlockCommand.write, sector: block * UInt64(disk.blockBytes / 512), bytes: disk.blockBytes,
                deviceWrites: false)
            begun += 1
        }
        disk.publish()
        for _ in 0..<begun {
            let (slot, _) = try disk.complete()
            guard disk.status(slot) == BlockStatus.ok else {
                throw Failure("request-failed", seen: UInt64(disk.status(slot)))
            }
        }
    }

    private func fill(_ address: UInt64, _ block: UInt64) {
        for sector in 0..<UInt64(disk.blockBytes / 512) {
            let at = address + sector * 512
            hw_store64(at, PowerCut.magic)
            hw_store64(at + 8, sequence)
            hw_store64(at + 16, block)
            hw_store64(at + 24, sector)
            let first = Random.mix(sequence &* 31 &+ block &* 17 &+ sector)
            for word in UInt64(4)..<64 { hw_store64(at + word * 8, first &+ word) }
        }
    }
}
