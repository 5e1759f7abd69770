// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@testable import Storage

@Suite("qcow2 headers and tables that make no sense")
struct HeaderTests {
    private func refusal(_ file: MemoryFile, readOnly: Bool = true) -> String? {
        do throws(Qcow2Error) {
            _ = try Qcow2Image(file, name: "disk", readOnly: readOnly)
            return nil
        } catch { return error.description }
    }

    @Test(
        "each field is judged, and the error names it",
        arguments: [
            (0, [UInt8](repeating: 0, count: 4), "no qcow2 image"), (4, [0, 0, 0, 4], "version 4"),
            (20, [0, 0, 0, 8], "cluster_bits is 8"), (20, [0, 0, 0, 22], "cluster_bits is 22"),
            (20, [255, 255, 255, 255], "cluster_bits"), (32, [0, 0, 0, 1], "encrypted (AES)"),
            (32, [0, 0, 0, 2], "encrypted (LUKS)"), (36, [255, 255, 255, 255], "l1_size is 4294967295"),
            (36, [0, 0, 0, 0], "l1_size is 0"), (40, [0, 0, 0, 0, 0, 0, 1, 1], "l1_table_offset"),
            (40, [255, 255, 255, 255, 255, 255, 0, 0], "l1_table_offset"),
            (40, [0, 0, 0, 0, 0, 0, 0, 0], "l1_table_offset"),
            (24, [255, 255, 255, 255, 255, 255, 254, 0], "L1 table beyond 32 MiB"),
            (48, [0, 0, 0, 0, 0, 0, 0, 1], "refcount_table_offset"),
            (48, [0, 0, 0, 0, 0, 0, 0, 0], "refcount_table_offset"),
            (56, [255, 255, 255, 255], "refcount_table_clusters"), (56, [0, 0, 0, 0], "refcount_table_clusters"),
            (60, [255, 255, 255, 255], "nb_snapshots"), (60, [0, 0, 0, 1], "snapshots_offset"),
            (72, [0x80, 0, 0, 0, 0, 0, 0, 0], "bit 63"), (72, [0, 0, 0, 0, 0, 0, 0, 0x20], "bit 5"),
            (72, [0, 0, 0, 0, 0, 0, 0, 8], "compression_type"), (72, [0, 0, 0, 0, 0, 0, 0, 4], "a file of its own"),
            (96, [0, 0, 0, 7], "refcount_order is 7"), (100, [0, 0, 0, 103], "header_length is 103"),
            (100, [0, 0, 0, 105], "header_length is 105"), (104, [9], "compression_type is 9"),
            (116, [255, 255, 255, 255], "header extension"), (8, [0, 0, 0, 0, 0, 1, 0, 0], "backing_file_size"),
        ])
    func fields(offset: Int, bytes: [UInt8], words: String) throws {
        var content = try Disk.create(Qcow2Creation(size: 1 << 20)).content
        content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        let error = try #require(refusal(MemoryFile(content)))
        #expect(error.contains(words), "\(error)")
        #expect(error.hasPrefix("disk: ") && !error.contains("\n"))
    }

    @Test("an unknown feature is called what the image itself calls it")
    func featureName() throws {
        var content = try Disk.create(Qcow2Creation(size: 1 << 20)).content
        // The first name of the table, of bit 0, becomes that of bit 40.
        let entry = 112 + 8
        content[entry + 1] = 40
        content.replaceSubrange(entry + 2..<entry + 8, with: Array("quanta".utf8))
        content[74] = 1
        #expect(refusal(MemoryFile(content))?.contains("bit 40 (quantabit)") == true)
    }

    @Test("a file cut off anywhere in its first bytes is an error", arguments: [0, 3, 4, 23, 71, 72, 100, 103])
    func truncated(count: Int) throws {
        let content = Array(try Disk.create(Qcow2Creation(size: 1 << 20)).content[..<count])
        #expect(refusal(MemoryFile(content)) != nil)
    }

    @Test("a corrupt image is read and not written")
    func corruptBit() throws {
        let file = try Disk.create(Qcow2Creation(size: 1 << 20))
        try file.write([0, 0, 0, 0, 0, 0, 0, 2], at: 72)
        #expect(refusal(file) == nil)
        #expect(refusal(file, readOnly: false)?.contains("marked corrupt") == true)
    }

    @Test("unknown autoclear bits are cleared before the image is written, and only then")
    func autoclear() throws {
        let file = try Disk.create(Qcow2Creation(size: 1 << 20))
        try file.write([0x80, 0, 0, 0, 0, 0, 0, 1], at: 88)
        #expect(refusal(file) == nil)
        #expect(file.content[88] == 0x80)
        #expect(refusal(file, readOnly: false) == nil)
        #expect(file.content[88..<96].allSatisfy { $0 == 0 })
    }

    @Test("an image that was not closed has its refcounts rebuilt before it is written")
    func dirtyBit() throws {
        var creation = Qcow2Creation(size: 1 << 20)
        creation.lazyRefcounts = true
        creation.clusterBytes = 4096
        let file = try Disk.create(creation)
        var disk = try Disk(file)
        try disk.write([UInt8](repeating: 3, count: 65_536), at: 0)
        #expect(try disk.close().leaks == 0)
        _ = consume disk
        // All refcounts are lost, as a crash of a lazy writer may leave them.
        try file.write([UInt8](repeating: 0, count: 4096), at: 8192)
        try file.write([1], at: 79)
        #expect(try Qcow2Check.run(on: file, name: "disk").corruptions > 16)
        #expect(throws: Qcow2Error.self) {
            try Qcow2Image(file, name: "disk", readOnly: false, repairsDirty: false)
        }
        var again = try Disk(file)
        #expect(file.content[79] == 0)
        #expect(try again.read(65_536, at: 0) == [UInt8](repeating: 3, count: 65_536))
        try again.write([UInt8](repeating: 4, count: 65_536), at: 65_536)
        let report = try again.close()
        #expect(report.corruptions == 0 && report.leaks == 0, "\(report.messages)")
    }

    @Test("tables that lie on each other are not written")
    func overlap() throws {
        let file = try Disk.create(Qcow2Creation(size: 1 << 20))
        // The refcount block is the L1 table.
        try file.write(Array(file.content[40..<48]), at: 65_536)
        #expect(refusal(file) == nil)
        #expect(refusal(file, readOnly: false)?.contains("overlaps") == true)
    }

    @Test(
        "an entry that makes no sense is an error for its cluster, and ends all writing",
        arguments: [
            UInt64(1) << 63, 0x8000_0000_0001_0000, 0x8000_0000_0000_0200, 0x8000_FFFF_FFFF_0000, 0x0100_0000_0005_0000,
            0x8000_0000_0005_0002, 0xC000_0000_0005_0000, 0x4000_FFFF_FFFF_0000,
        ])
    func entries(word: UInt64) throws {
        let file = try Disk.create(Qcow2Creation(size: 1 << 20))
        do {
            var disk = try Disk(file)
            try disk.write([UInt8](repeating: 1, count: 512), at: 0)
            _ = try disk.close()
        }
        let l1 = try #require(BigEndian.load(UInt64.self, file.content, 40))
        let l2 = try #require(BigEndian.load(UInt64.self, file.content, Int(l1))) & L2Entry.offsetMask
        try file.write(BigEndian.bytes(word), at: l2 + 8)
        #expect(try Qcow2Check.run(on: file, name: "disk").corruptions > 0)
        var disk = try Disk(file)
        #expect(try disk.read(512, at: 0) == [UInt8](repeating: 1, count: 512))
        #expect(throws: Errno(code: EIO, call: "")) { try disk.read(512, at: 65_536) }
        #expect(throws: Errno(code: EIO, call: "")) { try disk.write([UInt8](repeating: 2, count: 512), at: 1 << 19) }
        #expect(file.content[79] & 2 == 2, "the image is marked corrupt")
    }

    @Test("a failed write leaves the disk as it was and may be tried again")
    func noSpace() throws {
        let file = try Disk.create(Qcow2Creation(size: 1 << 20))
        var disk = try Disk(file)
        try disk.write([UInt8](repeating: 1, count: 512), at: 0)
        file.failure = Errno(code: ENOSPC, call: "pwrite")
        #expect(throws: Errno(code: ENOSPC, call: "")) {
            try disk.write([UInt8](repeating: 2, count: 4096), at: 1 << 19)
        }
        #expect(throws: Errno(code: ENOSPC, call: "")) { try disk.perform(.flush) }
        #expect(try disk.read(4096, at: 1 << 19) == [UInt8](repeating: 0, count: 4096))
        file.failure = nil
        try disk.write([UInt8](repeating: 2, count: 4096), at: 1 << 19)
        let report = try disk.close()
        #expect(report.corruptions == 0 && report.leaks == 0, "\(report.messages)")
        #expect(try disk.read(4096, at: 1 << 19) == [UInt8](repeating: 2, count: 4096))
    }
}
