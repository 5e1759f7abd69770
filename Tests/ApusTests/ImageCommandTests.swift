// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Storage
import Testing

@testable import apus

@Suite("apus image")
struct ImageCommandTests {
    /// A directory of its own, removed with what is in it.
    private final class Folder {
        let path = "/tmp/apus-image-\(getpid())-\(UInt64.random(in: 0 ... .max))"

        init() { mkdir(path, 0o700) }
        deinit {
            guard let directory = opendir(path) else { return }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { p in
                    String(decoding: p.prefix { $0 != 0 }, as: UTF8.self)
                }
                unlink(self[name])
            }
            closedir(directory)
            rmdir(path)
        }
        subscript(name: String) -> String { "\(path)/\(name)" }
    }

    private func run(_ words: [String]) throws {
        var command = try Image.parseAsRoot(words)
        try command.run()
    }

    private func write(_ byte: UInt8, _ range: Range<UInt64>, to path: String) throws {
        var disk = try OpenDisk(path, readOnly: false)
        try transfer(&disk, range) { memory, span in
            memset(memory, Int32(byte), range.count)
            return .write(span, at: range.lowerBound, count: UInt64(range.count), durable: false)
        }
        try disk.close()
    }

    private func bytes(_ range: Range<UInt64>, of path: String) throws -> [UInt8] {
        var disk = try OpenDisk(path, readOnly: true)
        var result: [UInt8] = []
        try transfer(&disk, range) { _, span in
            .read(span, at: range.lowerBound, count: UInt64(range.count))
        } then: {
            result = Array(UnsafeRawBufferPointer(start: $0, count: range.count))
        }
        return result
    }

    private func transfer(
        _ disk: inout OpenDisk, _ range: Range<UInt64>,
        _ operation: (UnsafeMutableRawPointer, IOSpan) -> BlockOperation,
        then: (UnsafeMutableRawPointer) -> Void = { _ in }
    ) throws {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: range.count, alignment: 4096)
        let vector = UnsafeMutablePointer<iovec>.allocate(capacity: 1)
        defer {
            memory.deallocate()
            vector.deallocate()
        }
        vector.initialize(to: iovec(iov_base: memory, iov_len: range.count))
        try disk.perform(operation(memory, IOSpan(base: vector, count: 1)))
        then(memory)
    }

    @Test("an image is made, written, grown, overlaid, converted and checked")
    func life() throws {
        let folder = Folder()
        let base = folder["base.qcow2"], overlay = folder["overlay.qcow2"], raw = folder["flat.img"]
        try run(["create", base, "10M", "-o", "cluster_size=4K,lazy_refcounts=on"])
        try write(0x21, 0..<1 << 20, to: base)
        try run(["resize", base, "+6M"])
        try run(["create", overlay, "-b", "base.qcow2"])
        #expect(try ImageDescription(overlay).virtualBytes == 16 << 20)
        #expect(try ImageDescription(overlay).header?.backingFormat == "qcow2")
        try write(0x42, 4096..<8192, to: overlay)
        try run(["convert", overlay, raw])
        #expect(
            try bytes(0..<12_288, of: raw) == [UInt8](repeating: 0x21, count: 4096)
                + [UInt8](repeating: 0x42, count: 4096) + [UInt8](repeating: 0x21, count: 4096))
        let facts = try ImageDescription(raw)
        #expect(facts.format == .raw && facts.virtualBytes == 16 << 20)
        #expect(facts.allocatedBytes <= 2 << 20, "zeros take no room")
        try run(["convert", raw, folder["again.qcow2"]])
        #expect(try bytes(0..<12_288, of: folder["again.qcow2"]) == bytes(0..<12_288, of: raw))
        for image in [base, overlay, folder["again.qcow2"]] {
            #expect(throws: ExitCode(0)) { try run(["check", image, "--json"]) }
        }
        try run(["resize", folder["again.qcow2"], "512K", "--shrink"])
        #expect(try ImageDescription(folder["again.qcow2"]).virtualBytes == 512 << 10)
        #expect(throws: ExitCode(0)) { try run(["check", folder["again.qcow2"]]) }
        try run(["info", overlay, "--json"])
    }

    @Test(
        "what cannot be ends with status 1",
        arguments: [
            ["create", "IN/no-size.qcow2"], ["create", "IN/base.qcow2", "1M"],
            ["create", "IN/bad.qcow2", "1M", "-o", "cluster_size=5000"],
            ["create", "IN/bad.qcow2", "1M", "-o", "speed=11"],
            ["create", "IN/bad.raw", "1M", "-o", "compat=1.1"], ["create", "IN/bad.qcow2", "-b", "missing.qcow2"],
            ["resize", "IN/base.qcow2", "4K"], ["check", "IN/flat.raw"], ["convert", "IN/missing", "IN/x.raw"],
            ["convert", "IN/base.qcow2", "IN/flat.raw"], ["info", "IN/missing"],
            ["convert", "IN/base.qcow2", "IN/x.raw", "-o", "compat=1.1"],
        ])
    func refusals(words: [String]) throws {
        let folder = Folder()
        try run(["create", folder["base.qcow2"], "1M"])
        try run(["create", folder["flat.raw"], "1M"])
        let words = words.map { $0.replacing("IN/", with: "\(folder.path)/") }
        #expect(throws: ExitCode(1)) { try run(words) }
        #expect(access(folder["bad.qcow2"], F_OK) != 0 && access(folder["x.raw"], F_OK) != 0, "nothing is left behind")
    }

    @Test("a raw backing file that looks like qcow2 stays raw")
    func noProbing() throws {
        let folder = Folder()
        try run(["create", folder["trap.qcow2"], "1M"])
        rename(folder["trap.qcow2"], folder["trap.raw"])
        try run(["create", folder["overlay.qcow2"], "-b", "trap.raw", "-F", "raw"])
        #expect(try bytes(0..<512, of: folder["overlay.qcow2"])[..<4] == [0x51, 0x46, 0x49, 0xFB])
    }

    @Test(
        "sizes are powers of 1024",
        arguments: [
            ("512", UInt64(512)), ("1", 512), ("4K", 4096), ("10G", 10 << 30), ("2Mi", 2 << 20), ("1T", 1 << 40),
            ("1P", 1 << 50),
        ])
    func sizes(text: String, bytes: UInt64) { #expect(ImageSize(argument: text)?.bytes == bytes) }

    @Test("what is no size is refused", arguments: ["", "G", "10X", "1.5G", "99999999999P", "--3"])
    func noSizes(text: String) { #expect(ImageSize(argument: text) == nil) }
}
