// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// What the device must do besides moving data: discard, zeroes, refusals, the write cache switch.
struct Semantics {
    private let disk: Disk

    init(_ disk: Disk) {
        self.disk = disk
    }

    func check() throws(Failure) {
        try checkWriteZeroes()
        try checkDiscard()
        try checkRefusals()
        try checkWriteCache()
    }

    /// A read-only disk reads, and answers a write with an error.
    func checkReadOnly() throws(Failure) {
        try expect(BlockCommand.read, sector: 0, bytes: 512, deviceWrites: true, BlockStatus.ok, "read-only-read")
        try expect(
            BlockCommand.write, sector: 0, bytes: 512, deviceWrites: false, BlockStatus.ioError, "read-only-write")
        try expectRefusedRanges(BlockCommand.read, deviceWrites: true)
        report("result") { $0.field("kind", "read_only") }
    }

    private func checkWriteZeroes() throws(Failure) {
        guard disk.features & BlockFeatures.writeZeroes != 0 else { return }
        let bytes = disk.blockBytes
        Pattern.fill(disk.buffer(0), bytes: bytes, seed: 7)
        try expect(BlockCommand.write, sector: 0, bytes: bytes, deviceWrites: false, BlockStatus.ok, "write")
        range(sector: 0, sectors: UInt32(bytes / 512), unmap: false)
        try expect(
            BlockCommand.writeZeroes, sector: 0, bytes: 16, deviceWrites: false, BlockStatus.ok, "write-zeroes")
        try expect(BlockCommand.read, sector: 0, bytes: bytes, deviceWrites: true, BlockStatus.ok, "read-zeroes")
        guard Pattern.isZero(disk.buffer(0), bytes: bytes) else { throw Failure("zeroes-not-zero") }
        range(sector: disk.capacity, sectors: 1, unmap: false)
        try expect(
            BlockCommand.writeZeroes, sector: 0, bytes: 16, deviceWrites: false, BlockStatus.ioError,
            "write-zeroes-past-end")
        report("result") { $0.field("kind", "write_zeroes") }
    }

    private func checkDiscard() throws(Failure) {
        guard disk.features & BlockFeatures.discard != 0 else { return }
        let sectors = max(hw_load32(disk.device.config + 44), UInt32(disk.blockBytes / 512))
        guard UInt64(sectors) <= disk.capacity else { return }
        range(sector: 0, sectors: sectors, unmap: false)
        try expect(BlockCommand.discard, sector: 0, bytes: 16, deviceWrites: false, BlockStatus.ok, "discard")
        try expect(
            BlockCommand.read, sector: 0, bytes: disk.blockBytes, deviceWrites: true, BlockStatus.ok,
            "read-after-discard")
        range(sector: disk.capacity, sectors: sectors, unmap: false)
        try expect(
            BlockCommand.discard, sector: 0, bytes: 16, deviceWrites: false, BlockStatus.ioError, "discard-past-end")
        // Discard has no unmap flag (§5.2.6.2).
        range(sector: 0, sectors: sectors, unmap: true)
        try expect(
            BlockCommand.discard, sector: 0, bytes: 16, deviceWrites: false, BlockStatus.unsupported, "discard-unmap")
        report("result") { $0.field("kind", "discard") }
    }

    private func checkRefusals() throws(Failure) {
        try expectRefusedRanges(BlockCommand.read, deviceWrites: true)
        try expectRefusedRanges(BlockCommand.write, deviceWrites: false)
        try expect(0x99, sector: 0, bytes: 512, deviceWrites: true, BlockStatus.unsupported, "unknown-command")
        try expect(BlockCommand.read, sector: 0, bytes: 512, deviceWrites: true, BlockStatus.ok, "read-after-refusals")
        if disk.device.needsReset { throw Failure("device-needs-reset") }
        report("result") { $0.field("kind", "refusals") }
    }

    /// At the end, across the end, and where sector arithmetic overflows.
    private func expectRefusedRanges(_ command: UInt32, deviceWrites: Bool) throws(Failure) {
        for sector in [disk.capacity, disk.capacity &- 1, UInt64.max, UInt64.max >> 9, 1 << 55] {
            try expect(
                command, sector: sector, bytes: 1024, deviceWrites: deviceWrites, BlockStatus.ioError, "out-of-range")
        }
    }

    /// The cache mode can be written and read back (§5.2.5.2).
    private func checkWriteCache() throws(Failure) {
        guard disk.features & BlockFeatures.configWCE != 0 else { return }
        for mode in [UInt8(0), 1] {
            hw_store8(disk.device.config + 32, mode)
            guard hw_load8(disk.device.config + 32) == mode else {
                throw Failure("write-cache-mode", seen: UInt64(mode))
            }
        }
        report("result") { $0.field("kind", "write_cache") }
    }

    /// One segment of a discard or write-zeroes request, in the buffer of slot 0.
    private func range(sector: UInt64, sectors: UInt32, unmap: Bool) {
        hw_store64(disk.buffer(0), sector)
        hw_store32(disk.buffer(0) + 8, sectors)
        hw_store32(disk.buffer(0) + 12, unmap ? 1 : 0)
    }

    private func expect(
        _ command: UInt32, sector: UInt64, bytes: Int, deviceWrites: Bool, _ wanted: UInt8, _ what: StaticString
    ) throws(Failure) {
        let status = try disk.perform(command, sector: sector, bytes: bytes, deviceWrites: deviceWrites)
        if status != wanted { throw Failure(what, seen: UInt64(status), wanted: UInt64(wanted)) }
    }
}
