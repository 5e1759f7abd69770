// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

@testable import Storage

/// A file in memory, no larger than a hostile image may make it.
private final class FuzzFile: MetadataFile, @unchecked Sendable {
    var content: [UInt8]

    init(_ content: [UInt8]) { self.content = content }

    var bytes: UInt64 { UInt64(content.count) }
    var canGrow: Bool { true }
    func read(_ target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(Errno) {
        let at = min(Int(clamping: offset), content.count)
        let count = min(target.count, content.count - at)
        content.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[at..<at + count])) }
        if count < target.count, let base = target.baseAddress { memset(base + count, 0, target.count - count) }
    }
    func write(_ source: UnsafeRawBufferPointer, at offset: UInt64) throws(Errno) {
        guard offset <= 32 << 20 else { throw Errno(code: ENOSPC, call: "pwrite") }
        let end = Int(offset) + source.count
        if end > content.count { content += [UInt8](repeating: 0, count: end - content.count) }
        content.replaceSubrange(Int(offset)..<end, with: source)
    }
    func sync() throws(Errno) {}
    func resize(to bytes: UInt64) throws(Errno) {
        guard bytes <= 32 << 20 else { throw Errno(code: ENOSPC, call: "ftruncate") }
        if Int(bytes) < content.count {
            content.removeSubrange(Int(bytes)...)
        } else {
            content += [UInt8](repeating: 0, count: Int(bytes) - content.count)
        }
    }
    func punch(at offset: UInt64, count: UInt64) {}
}

/// Transfers of one file in memory, done at once.
private struct FuzzFiles: ~Copyable, FileEngine, @unchecked Sendable {
    let file: FuzzFile
    var depth: Int { 1 }
    var completionEvent: Int32 { -1 }
    var fileCount: Int { 1 }
    func properties(of file: Int) -> ImageProperties {
        ImageProperties(
            capacity: self.file.bytes, fileBytes: self.file.bytes, logicalBlockBytes: 512, physicalBlockBytes: 4096,
            directAlignment: 1, isReadOnly: false, canDiscard: true)
    }
    mutating func submit(_ operation: BlockOperation, file: Int, token: Int) -> BlockSubmission {
        do throws(Errno) {
            try perform(operation, file: file)
            return .completed(nil)
        } catch { return .completed(error) }
    }
    mutating func perform(_ operation: BlockOperation, file index: Int) throws(Errno) {
        must(index == 0, "a file that is not there")
        switch operation {
        case .read(var span, var at, let count):
            must(span.byteCount == Int(count), "vectors of other bytes than the transfer's")
            span.consume(0)
            while span.count > 0 {
                try file.read(span.first, at: at)
                at += UInt64(span.first.count)
                span.consume(span.first.count)
            }
        case .write(var span, var at, let count, _):
            must(span.byteCount == Int(count), "vectors of other bytes than the transfer's")
            must(at >= 512, "data over the header")
            span.consume(0)
            while span.count > 0 {
                try file.write(UnsafeRawBufferPointer(span.first), at: at)
                at += UInt64(span.first.count)
                span.consume(span.first.count)
            }
        default: return
        }
    }
    mutating func commit() {}
    mutating func nextCompletion() -> BlockCompletion? { nil }
    mutating func drain() {}
    mutating func refresh(file: Int) throws(Errno) {}
}

nonisolated(unsafe) private let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 4096)

/// Whatever an image says of itself, it is refused, or read and written without harm.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzQcow2(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var input = FuzzInput(start, count)
    let script = input.bytes(24)
    let content = input.rest
    let file = FuzzFile(content)
    do throws(Qcow2Error) {
        let report = try Qcow2Check.run(on: FuzzFile(content), name: "image", repair: script[0] & 1 == 0 ? .none : .all)
        must(report.messages.count <= 100, "a report without end")
    } catch { must(!error.description.isEmpty, "an error says nothing") }
    do {
        let image = try Qcow2Image(
            file, name: "image", readOnly: script[0] & 2 != 0, cacheBytes: Int(script[0]) << 8)
        let chain = try ImageChain([.qcow2(image, file: 0, dataFile: 0)])
        var engine = try Qcow2Engine(chain, files: FuzzFiles(file: file))
        for step in stride(from: 1, to: 23, by: 2) {
            let length = (UInt64(script[step] & 63) + 1) * 512
            let place =
                UInt64(script[step + 1]) * (script[step] & 64 != 0 ? 512 : max(image.capacity / 256 / 512 * 512, 512))
            let offset = min(place, image.capacity - min(image.capacity, length)) / 512 * 512
            let bytes = min(length, (image.capacity - offset) / 512 * 512)
            var vector = iovec(iov_base: memory, iov_len: Int(bytes))
            withUnsafeMutablePointer(to: &vector) { pointer in
                let span = IOSpan(base: pointer, count: 1)
                let operation: BlockOperation =
                    switch script[step] >> 5 {
                    case 0, 1: .read(span, at: offset, count: bytes)
                    case 2, 3: .write(span, at: offset, count: bytes, durable: false)
                    case 4: .discard(at: offset, count: bytes)
                    case 5: .writeZeroes(at: offset, count: bytes, unmap: true, durable: false)
                    case 6: .writeZeroes(at: offset, count: bytes, unmap: false, durable: true)
                    default: .flush
                    }
                if case .queued = engine.submit(operation, token: 0) { must(false, "an operation did not end") }
            }
        }
        if script[23] & 1 != 0 { try? image.grow(to: image.capacity + UInt64(script[23]) << 20) }
        try? image.close()
    } catch { must(!"\(error)".isEmpty, "an error says nothing") }
    return 0
}

/// Writes images of several kinds with something in them.
@_cdecl("LLVMFuzzerInitialize")
public func seedQcow2(_ count: UnsafeMutableRawPointer, _ words: UnsafeMutableRawPointer) -> CInt {
    for (index, bits) in [16, 1, 64, 8].enumerated() {
        var creation = Qcow2Creation(size: 1 << 20)
        creation.clusterBytes = index == 3 ? 16_384 : 512
        creation.extendedL2 = index == 3
        creation.refcountBits = bits
        creation.version = index == 0 ? 2 : 3
        let file = FuzzFile([])
        guard (try? creation.write(to: file, name: "seed")) != nil,
            let image = try? Qcow2Image(file, name: "seed", readOnly: false),
            let chain = try? ImageChain([.qcow2(image, file: 0, dataFile: 0)]),
            var engine = try? Qcow2Engine(chain, files: FuzzFiles(file: file))
        else { fatalError("a seed cannot be made") }
        memset(memory, 0x5A, 1 << 20)
        for offset in [UInt64(0), 4096, 524_288] {
            var vector = iovec(iov_base: memory, iov_len: 4096)
            withUnsafeMutablePointer(to: &vector) { pointer in
                _ = engine.submit(
                    .write(IOSpan(base: pointer, count: 1), at: offset, count: 4096, durable: true), token: 0)
            }
        }
        try? image.close()
        let script: [UInt8] = [0, 0, 0, 64, 1, 96, 9, 128, 0, 160, 8, 192, 3, 224, 0, 95, 200, 31, 100, 70, 5, 2, 2, 1]
        FuzzSeeds.write("image-\(index)", script + file.content)
    }
    return 0
}
