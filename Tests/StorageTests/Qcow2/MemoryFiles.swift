// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport

@testable import Storage

/// Files in memory for an engine: at once, or late and in an order that the seed makes up.
struct MemoryFiles: ~Copyable, FileEngine, @unchecked Sendable {
    private let files: [MemoryFile]
    private var random: SeededRandom
    private var waiting: [(operation: BlockOperation, file: Int, token: Int)] = []
    private let isLate: Bool
    private let event: Int32
    let depth: Int

    init(_ files: [MemoryFile], lateWith seed: UInt64? = nil, depth: Int = 64) throws(Errno) {
        self.files = files
        isLate = seed != nil
        random = SeededRandom(seed: seed ?? 0)
        event = seed == nil ? -1 : try EventFD().descriptor.duplicate().release()
        self.depth = seed == nil ? 1 : depth
    }

    deinit { if event >= 0 { close(event) } }

    var completionEvent: Int32 { event }
    var fileCount: Int { files.count }
    func properties(of file: Int) -> ImageProperties {
        ImageProperties(
            capacity: files[file].bytes, fileBytes: files[file].bytes, logicalBlockBytes: 512, physicalBlockBytes: 4096,
            directAlignment: 1, isReadOnly: false, canDiscard: true)
    }

    mutating func submit(_ operation: BlockOperation, file: Int, token: Int) -> BlockSubmission {
        precondition(token >= 0 && token < depth && !waiting.contains { $0.token == token })
        guard isLate, random.next() % 8 != 0 else { return .completed(carryOut(operation, file)) }
        waiting.append((operation, file, token))
        return .queued
    }

    mutating func perform(_ operation: BlockOperation, file: Int) throws(Errno) {
        if let failure = carryOut(operation, file) { throw failure }
    }

    mutating func commit() {}

    mutating func nextCompletion() -> BlockCompletion? {
        guard !waiting.isEmpty else { return nil }
        let next = waiting.remove(at: Int(random.next() % UInt64(waiting.count)))
        return BlockCompletion(token: next.token, failure: carryOut(next.operation, next.file))
    }

    mutating func drain() {}
    mutating func refresh(file: Int) throws(Errno) {}

    private func carryOut(_ operation: BlockOperation, _ index: Int) -> Errno? {
        let file = files[index]
        do throws(Errno) {
            switch operation {
            case .read(var span, let offset, _):
                var at = offset
                span.consume(0)
                while span.count > 0 {
                    let part = span.first
                    try file.read(part, at: at)
                    at += UInt64(part.count)
                    span.consume(part.count)
                }
            case .write(var span, let offset, let count, let durable):
                // One change for one write, however its memory is split.
                var bytes = [UInt8](repeating: 0, count: Int(count))
                let copied = bytes.withUnsafeMutableBytes { span.read(into: $0) }
                precondition(copied == Int(count), "a write's vectors are as long as it says")
                try file.write(bytes, at: offset)
                if durable { try file.sync() }
            case .flush: try file.sync()
            case .discard(let offset, let count): file.punch(at: offset, count: count)
            case .writeZeroes(let offset, let count, _, let durable):
                try file.write([UInt8](repeating: 0, count: Int(count)), at: offset)
                if durable { try file.sync() }
            }
            return nil
        } catch { return error }
    }
}
