// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Waits until the device says that it is larger, and uses what was added (virtio 1.2 §5.2.4).
struct Growth {
    private static let vector: UInt8 = 0x51
    private let disk: Disk
    private let changes: VectorSlot
    private let count: UInt64

    init(_ disk: Disk, _ machine: Machine) throws(Failure) {
        self.disk = disk
        count = machine.arguments.number("count", 1)
        changes = machine.processor.slot(Growth.vector)
        let entry = UInt16(disk.device.vectors - 1)
        disk.device.route(entry, vector: Growth.vector, processor: machine.processorIDs[0])
        hw_store16(disk.device.common + 16, entry)
        guard hw_load16(disk.device.common + 16) == entry else { throw Failure("vector-refused", seen: UInt64(entry)) }
    }

    func run() throws(Failure) {
        var seen = changes.count
        var sectors = disk.sectorsNow
        try fill(last: sectors)
        report("result") {
            $0.field("kind", "waiting")
            $0.field("sectors", sectors)
        }
        for _ in 0..<count {
            changes.wait(past: seen)
            seen += 1
            let now = disk.sectorsNow
            guard now > sectors else { throw Failure("not-larger", seen: now, wanted: sectors) }
            try check(before: sectors, now)
            try fill(last: now)
            sectors = now
            report("result") {
                $0.field("kind", "grown")
                $0.field("sectors", now)
                $0.field("interrupts", changes.count)
            }
        }
    }

    /// The last sector of the disk as it is now.
    private func fill(last sectors: UInt64) throws(Failure) {
        Pattern.fill(disk.buffer(0), bytes: 512, seed: sectors)
        let status = try disk.perform(BlockCommand.write, sector: sectors - 1, bytes: 512, deviceWrites: false)
        guard status == BlockStatus.ok else { throw Failure("last-sector", seen: UInt64(status)) }
    }

    /// What was there stays, what was added is zeros, and there is nothing behind it.
    private func check(before: UInt64, _ now: UInt64) throws(Failure) {
        try read(before - 1)
        guard Pattern.matches(disk.buffer(0), bytes: 512, seed: before) else { throw Failure("last-sector-lost") }
        for sector in [before, now - 1] {
            try read(sector)
            guard Pattern.isZero(disk.buffer(0), bytes: 512) else { throw Failure("not-zeros", seen: sector) }
        }
        let status = try disk.perform(BlockCommand.read, sector: now, bytes: 512, deviceWrites: true)
        guard status == BlockStatus.ioError else { throw Failure("behind-the-end", seen: UInt64(status)) }
    }

    private func read(_ sector: UInt64) throws(Failure) {
        Pattern.fill(disk.buffer(0), bytes: 512, seed: .max)
        let status = try disk.perform(BlockCommand.read, sector: sector, bytes: 512, deviceWrites: true)
        guard status == BlockStatus.ok else { throw Failure("read", seen: UInt64(status)) }
    }
}
