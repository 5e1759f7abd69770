// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import Synchronization

/// What a `ModelEngine` was asked, seen from outside the device that owns it.
final class ImageLog: Sendable {
    let flushes = Atomic<Int>(0)
    let unflushedWrites = Atomic<Int>(0)
    let failure = Atomic<Int32>(0)
}

/// A disk in memory that counts what it is asked, fails when it is told to, and does everything in `submit`.
struct ModelEngine: ~Copyable, BlockEngine {
    var properties: ImageProperties
    let log: ImageLog
    private var bytes: [UInt8]

    init(_ bytes: [UInt8], readOnly: Bool = false, canDiscard: Bool = true, log: ImageLog = ImageLog()) {
        self.bytes = bytes
        self.log = log
        properties = ImageProperties(
            capacity: UInt64(bytes.count), fileBytes: UInt64(bytes.count), logicalBlockBytes: 512,
            physicalBlockBytes: 4096, directAlignment: 1, isReadOnly: readOnly, canDiscard: canDiscard)
    }

    private func check(_ offset: UInt64, _ count: UInt64) throws(Errno) {
        let code = log.failure.load(ordering: .relaxed)
        if code != 0 { throw Errno(code: code, call: "pwritev") }
        precondition(properties.contains(offset, count: count), "the device must not ask beyond the end")
    }

    var depth: Int { 1 }
    var completionEvent: Int32 { -1 }

    mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        do throws(Errno) {
            try perform(operation)
            return .completed(nil)
        } catch {
            return .completed(error)
        }
    }

    mutating func perform(_ operation: BlockOperation) throws(Errno) {
        switch operation {
        case .read(let span, let offset, _): try read(span, at: offset)
        case .write(let span, let offset, _, let durable):
            try write(span, at: offset)
            if durable { try flush() }
        case .flush: try flush()
        case .discard(let offset, let count): try clear(offset, count)
        case .writeZeroes(let offset, let count, _, let durable):
            log.unflushedWrites.wrappingAdd(1, ordering: .relaxed)
            try clear(offset, count)
            if durable { try flush() }
        }
    }

    mutating func commit() {}
    mutating func nextCompletion() -> BlockCompletion? { nil }
    mutating func drain() {}

    private mutating func read(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        try check(offset, UInt64(vectors.byteCount))
        var span = vectors
        let range = Int(offset)..<(Int(offset) + span.byteCount)
        _ = bytes.withUnsafeBytes { span.write(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private mutating func write(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        precondition(!properties.isReadOnly, "the device must not write to a read-only image")
        try check(offset, UInt64(vectors.byteCount))
        log.unflushedWrites.wrappingAdd(1, ordering: .relaxed)
        var span = vectors
        let range = Int(offset)..<(Int(offset) + span.byteCount)
        _ = bytes.withUnsafeMutableBytes { span.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[range])) }
    }

    private mutating func flush() throws(Errno) {
        try check(0, 0)
        log.flushes.wrappingAdd(1, ordering: .relaxed)
        log.unflushedWrites.store(0, ordering: .relaxed)
    }

    private mutating func clear(_ offset: UInt64, _ count: UInt64) throws(Errno) {
        precondition(!properties.isReadOnly, "the device must not write to a read-only image")
        try check(offset, count)
        for i in Int(offset)..<(Int(offset) + Int(count)) { bytes[i] = 0 }
    }

    mutating func refresh() throws(Errno) {
        bytes += [UInt8](repeating: 0, count: 512)
        properties.capacity += 512
    }
}
