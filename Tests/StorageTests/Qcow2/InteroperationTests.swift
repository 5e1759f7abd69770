// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@testable import Storage

@Suite("qcow2 with QEMU's tools")
struct InteroperationTests {
    /// Features of images as `qemu-img create` names them.
    static let features: [String] = [
        "compat=1.1", "compat=0.10", "cluster_size=512", "cluster_size=4096", "cluster_size=2M", "refcount_bits=1",
        "refcount_bits=2", "refcount_bits=4", "refcount_bits=8", "refcount_bits=32", "refcount_bits=64",
        "lazy_refcounts=on", "extended_l2=on", "extended_l2=on,cluster_size=16k", "preallocation=metadata",
        "preallocation=falloc", "data_file=data", "data_file=data,data_file_raw=on", "compression_type=zstd",
        "refcount_bits=1,cluster_size=512", "refcount_bits=64,cluster_size=512",
    ]

    private func options(_ feature: String, _ folder: Folder) -> [String] {
        ["-o", feature.replacing("data_file=data", with: "data_file=\(folder["data"])")]
    }

    @Test("what QEMU wrote is read, and what is written then is sound for QEMU and reads the same", arguments: features)
    func bothWays(feature: String) throws {
        let folder = try Folder()
        let path = folder["disk.qcow2"], expected = folder["expected.raw"]
        let bytes = 8 << 20
        try QEMU.create(path, options(feature, folder), "8M")
        try QEMU.run(QEMU.image, ["create", "-q", "-f", "raw", expected, "8M"])
        let patterns = [
            "write -P 0x11 0 1M", "write -P 0x22 3000k 100k", "write -P 0x33 5123072 512", "write -P 0x44 5M 2M",
            "write -z 512k 300k", "write -P 0x55 8388096 512",
        ]
        try QEMU.io(path, patterns)
        try QEMU.io(expected, patterns, format: "raw")
        var model = try contents(of: expected)
        do {
            var disk = try OpenDisk(path, readOnly: false)
            let capacity = disk.capacity
            #expect(capacity == UInt64(bytes))
            let isSame1 = try disk.read(0, bytes) == model
            #expect(isSame1, "what QEMU wrote")
            var random = SeededRandom(seed: UInt64(feature.utf8.count))
            for step in 0..<60 {
                let offset = Int(random.next() % UInt64(bytes / 512)) * 512
                let count = min(bytes - offset, (1 + Int(random.next() % 400)) * 512)
                let value = step % 7 == 0 ? 0 : UInt8(step + 100)
                if value == 0 {
                    try disk.perform(
                        .writeZeroes(
                            at: UInt64(offset), count: UInt64(count), unmap: step % 2 == 0, durable: false))
                } else {
                    try disk.write(offset, [UInt8](repeating: value, count: count))
                }
                model.replaceSubrange(offset..<offset + count, with: repeatElement(value, count: count))
            }
            let isSame2 = try disk.read(0, bytes) == model
            #expect(isSame2, "what was written here")
            try disk.close()
        }
        try QEMU.check(path)
        let own = try Qcow2Check.run(on: try OpenMetadataFile(try ImageFile.open(path, readOnly: true)), name: path)
        #expect(own.corruptions == 0 && own.leaks == 0, "\(own.messages)")
        try write(model, to: expected)
        try QEMU.run(QEMU.image, ["compare", "-f", "qcow2", "-F", "raw", path, expected])
        // QEMU goes on with it.
        try QEMU.io(path, ["write -P 0x66 7M 700k", "discard 3M 1M", "read -P 0x66 7M 700k"])
        try QEMU.check(path)
    }

    @Test(
        "images made here are QEMU's to use",
        arguments: [
            Shape.plain, .version2, .small, .large, .extended, .narrow, .wide, .lazy, .dataFile, .rawDataFile,
        ])
    func created(shape: Shape) throws {
        let folder = try Folder()
        let path = folder["disk.qcow2"]
        var creation = shape.creation
        if shape.hasDataFile {
            creation.dataFile = folder["data"]
            try write([], to: folder["data"])
            truncate(folder["data"], Int(creation.size))
        }
        try write([0], to: path)
        truncate(path, 1)
        try creation.write(
            to: try OpenMetadataFile(try ImageFile.open(path, readOnly: false, end: .zeros)), name: path)
        try QEMU.check(path)
        let patterns = [
            "write -P 1 0 64k", "write -P 2 1M 1M", "write -z 1200k 4k", "read -P 1 0 64k", "read -P 0 1200k 4k",
        ]
        try QEMU.io(path, patterns)
        try QEMU.check(path)
        var disk = try OpenDisk(path, readOnly: true)
        let isSame3 = try disk.read(0, 512) == [UInt8](repeating: 1, count: 512)
        #expect(isSame3)
        #expect(try disk.read(1 << 20, 1000 * 512)[..<512] == [UInt8](repeating: 2, count: 512)[...])
        let capacity = disk.capacity
        #expect(capacity == creation.size)
    }

    @Test("compressed clusters are read, and copied when they are written", arguments: ["zlib", "zstd"])
    func compressed(kind: String) throws {
        let folder = try Folder()
        let raw = folder["source.raw"], path = folder["disk.qcow2"]
        var random = SeededRandom(seed: 4)
        var model = [UInt8](repeating: 0, count: 8 << 20)
        for index in model.indices {
            let isNoise = index / 70_000 % 3 == 0
            model[index] = isNoise ? UInt8(truncatingIfNeeded: random.next()) : UInt8(index / 1000 % 251)
        }
        try write(model, to: raw)
        try QEMU.run(
            QEMU.image, ["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=\(kind)", raw, path])
        var disk = try OpenDisk(path, readOnly: false)
        let isSame4 = try disk.read(0, model.count) == model
        #expect(isSame4)
        let isSame5 = try disk.read(70_144, 512) == Array(model[70_144..<70_656])
        #expect(isSame5)
        for offset in [0, 65_536, 300_032, 4_000_256, 8_388_096] {
            try disk.write(offset, [UInt8](repeating: 0xAA, count: 512))
            model.replaceSubrange(offset..<offset + 512, with: repeatElement(0xAA, count: 512))
        }
        try disk.perform(.writeZeroes(at: 1 << 20, count: 1 << 20, unmap: true, durable: false))
        model.replaceSubrange(1 << 20..<2 << 20, with: repeatElement(0, count: 1 << 20))
        let isSame6 = try disk.read(0, model.count) == model
        #expect(isSame6)
        try disk.close()
        _ = consume disk
        try QEMU.check(path)
        try write(model, to: raw)
        try QEMU.run(QEMU.image, ["compare", "-f", "qcow2", "-F", "raw", path, raw])
    }

    @Test("a malformed compressed cluster is an error, not a trap", arguments: ["zlib", "zstd"])
    func malformed(kind: String) throws {
        let folder = try Folder()
        let raw = folder["source.raw"], path = folder["disk.qcow2"]
        try write((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 / 3) }, to: raw)
        try QEMU.run(
            QEMU.image, ["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=\(kind)", raw, path])
        let entry = try #require(
            try Qcow2Refcounts.words(
                of: try OpenMetadataFile(try ImageFile.open(path, readOnly: true, end: .zeros)), at: 4 * 65_536,
                count: 8192
            ).first { $0 & L2Entry.compressed != 0 })
        let range = L2Entry(word: entry).compressedRange(Qcow2Geometry(Qcow2Header()))
        let file = try OpenMetadataFile(try ImageFile.open(path, readOnly: false, lock: .unlocked, end: .zeros))
        try file.write([UInt8](repeating: 0xFF, count: 64), at: range.offset)
        var disk = try OpenDisk(path, readOnly: true)
        #expect(throws: Errno(code: EIO, call: "compressed cluster")) { try disk.read(0, 65_536) }
    }

    @Test("a chain of backing files is read to its end, whatever the formats", arguments: [true, false])
    func chain(writes: Bool) throws {
        let folder = try Folder()
        try QEMU.run(QEMU.image, ["create", "-q", "-f", "raw", folder["0.raw"], "6M"])
        try QEMU.io(folder["0.raw"], ["write -P 1 0 6M"], format: "raw")
        var below = (name: "0.raw", format: "raw")
        for layer in 1...6 {
            let size = layer == 3 ? "4M" : "8M"
            let cluster = ["cluster_size=4k", "cluster_size=64k", "extended_l2=on", "compat=0.10"][layer % 4]
            try QEMU.create(
                folder["\(layer).qcow2"], ["-b", below.name, "-F", below.format, "-o", cluster], size)
            try QEMU.io(folder["\(layer).qcow2"], ["write -P \(layer + 1) \(layer * 300)k 200k"])
            below = ("\(layer).qcow2", "qcow2")
        }
        let top = folder["6.qcow2"], raw = folder["expected.raw"]
        try QEMU.run(QEMU.image, ["convert", "-f", "qcow2", "-O", "raw", top, raw])
        var model = try contents(of: raw)
        var disk = try OpenDisk(top, readOnly: !writes)
        let isSame7 = try disk.read(0, model.count) == model
        #expect(isSame7)
        guard writes else { return }
        for offset in stride(from: 0, to: 8 << 20, by: 380_928) {
            try disk.write(offset, [UInt8](repeating: 0x77, count: 1536))
            model.replaceSubrange(offset..<offset + 1536, with: repeatElement(0x77, count: 1536))
        }
        let isSame8 = try disk.read(0, model.count) == model
        #expect(isSame8)
        try disk.close()
        _ = consume disk
        try QEMU.check(top)
        try write(model, to: raw)
        try QEMU.run(QEMU.image, ["compare", "-f", "qcow2", "-F", "raw", top, raw])
    }

    @Test(
        "internal snapshots keep what they hold",
        arguments: ["compat=1.1", "compat=0.10", "extended_l2=on", "cluster_size=512"])
    func snapshots(feature: String) throws {
        let folder = try Folder()
        let path = folder["disk.qcow2"], before = folder["before.raw"]
        try QEMU.create(path, ["-o", feature], "6M")
        try QEMU.io(path, ["write -P 1 0 2M", "write -P 2 3M 1M"])
        try QEMU.run(QEMU.image, ["snapshot", "-c", "one", path])
        try QEMU.run(QEMU.image, ["convert", "-f", "qcow2", "-O", "raw", path, before])
        var model = try contents(of: before)
        var disk = try OpenDisk(path, readOnly: false)
        for offset in [0, 100_352, 1 << 20, (3 << 20) + 512, 5 << 20] {
            try disk.write(offset, [UInt8](repeating: 9, count: 70_144))
            model.replaceSubrange(offset..<offset + 70_144, with: repeatElement(9, count: 70_144))
        }
        try disk.perform(.writeZeroes(at: 3_500_032, count: 200_192, unmap: true, durable: false))
        model.replaceSubrange(3_500_032..<3_700_224, with: repeatElement(0, count: 200_192))
        let isSame9 = try disk.read(0, model.count) == model
        #expect(isSame9)
        try disk.close()
        _ = consume disk
        try QEMU.check(path)
        let now = folder["now.raw"]
        try write(model, to: now)
        try QEMU.run(QEMU.image, ["compare", "-f", "qcow2", "-F", "raw", path, now])
        try QEMU.run(QEMU.image, ["snapshot", "-a", "one", path])
        try QEMU.run(QEMU.image, ["compare", "-f", "qcow2", "-F", "raw", path, before])
        try QEMU.check(path)
    }

    @Test(
        "a disk grows while it is in use, beyond its L1 table too", arguments: ["cluster_size=512", "cluster_size=64k"])
    func growth(feature: String) throws {
        let folder = try Folder()
        let path = folder["disk.qcow2"]
        try QEMU.create(path, ["-o", feature], "1M")
        try QEMU.io(path, ["write -P 5 0 1M"])
        var disk = try OpenDisk(path, readOnly: false)
        try disk.resize(to: 3 << 30)
        let capacity = disk.capacity
        #expect(capacity == 3 << 30)
        try disk.write((3 << 30) - 4096, [UInt8](repeating: 6, count: 4096))
        #expect(
            try disk.read((1 << 20) - 512, 1024) == [UInt8](repeating: 5, count: 512)
                + [UInt8](repeating: 0, count: 512))
        try disk.close()
        _ = consume disk
        try QEMU.check(path)
        try QEMU.io(path, ["read -P 6 3221221376 4096", "read -P 5 0 1M", "read -P 0 1M 2M"])
    }

    @Test("an overlay grows under the engines of several queues; nothing of a longer layer below comes up")
    func growthInUse() throws {
        let folder = try Folder()
        let path = folder["disk.qcow2"], base = folder["base.raw"]
        try write([UInt8](repeating: 5, count: 4 << 20), to: base)
        try QEMU.create(path, ["-b", base, "-F", "raw"], "\((1 << 20) + 512)")
        do {
            let parts = try ImageLocator.open(path, readOnly: false, format: .qcow2)
            let chain = try ImageChain(parts, readOnly: false)
            var first = try Qcow2Engine(chain, files: BlockingFiles(chain.files), isShared: true)
            let second = try Qcow2Engine(chain, files: BlockingFiles(chain.files), isShared: true)
            #expect(throws: Errno(code: EINVAL, call: "qcow2")) { try chain.grow(to: 1 << 20) }
            try first.write(Vectors([UInt8](repeating: 7, count: 512)), at: 1 << 20)
            try chain.grow(to: 8 << 20)
            let grown = second.properties.capacity
            #expect(grown == 8 << 20)
            try first.write(Vectors([UInt8](repeating: 9, count: 512)), at: (8 << 20) - 512)
            try chain.image.close()
            withExtendedLifetime(second) {}
        }
        try QEMU.check(path)
        try QEMU.io(path, ["read -P 5 0 1M", "read -P 7 1M 512", "read -P 0 1049088 7338496", "read -P 9 8388096 512"])
    }

    @Test("an image that somebody serves is not opened to be resized", arguments: ["raw", "qcow2"])
    func served(format: String) throws {
        let folder = try Folder()
        let path = folder["disk"]
        try QEMU.run(QEMU.image, ["create", "-q", "-f", format, path, "1M"])
        let served = try ImageFile.open(path, readOnly: false)
        #expect(throws: ImageError.busy(path, writing: true)) { _ = try OpenDisk(path, readOnly: false) }
        withExtendedLifetime(served) {}
    }

    private func contents(of path: String) throws -> [UInt8] {
        try FileDescriptor.open(path, O_RDONLY).readAll(limit: 64 << 20)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        try FileDescriptor.open(path, O_RDWR | O_CREAT | O_TRUNC).writeAll(bytes)
    }
}

extension OpenDisk {
    mutating func read(_ offset: Int, _ count: Int) throws -> [UInt8] {
        let vectors = Vectors([count])
        try perform(.read(vectors.withSpan { $0 }, at: UInt64(offset), count: UInt64(count)))
        return vectors.contents
    }

    mutating func write(_ offset: Int, _ bytes: [UInt8]) throws {
        let vectors = Vectors(bytes)
        try perform(
            .write(vectors.withSpan { $0 }, at: UInt64(offset), count: UInt64(bytes.count), durable: false))
        withExtendedLifetime(vectors) {}
    }
}
