// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import Synchronization

/// What a `ModelImage` was asked, seen from outside the device that owns it.
final class ImageLog: Sendable {
    let flushes = Atomic<Int>(0)
    let unflushedWrites = Atomic<Int>(0)
    let failure = Atomic<Int32>(0)
}

/// An image in memory that counts what it is asked and fails when it is told to.
struct ModelImage: ~Copyable, BlockImage {
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

    mutating func read(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        try check(offset, UInt64(vectors.byteCount))
        var span = vectors
        let range = Int(offset)..<(Int(offset) + span.byteCount)
        _ = bytes.withUnsafeBytes { span.write(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    mutating func write(_ vectors: IOSpan, at offset: UInt64) throws(Errno) {
        precondition(!properties.isReadOnly, "the device must not write to a read-only image")
        try check(offset, UInt64(vectors.byteCount))
        log.unflushedWrites.wrappingAdd(1, ordering: .relaxed)
        var span = vectors
        let range = Int(offset)..<(Int(offset) + span.byteCount)
        _ = bytes.withUnsafeMutableBytes { span.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[range])) }
    }

    mutating func flush() throws(Errno) {
        try check(0, 0)
        log.flushes.wrappingAdd(1, ordering: .relaxed)
        log.unflushedWrites.store(0, ordering: .relaxed)
    }

    mutating func discard(at offset: UInt64, count: UInt64) throws(Errno) { try clear(offset, count) }

    mutating func writeZeroes(at offset: UInt64, count: UInt64, unmap: Bool) throws(Errno) {
        log.unflushedWrites.wrappingAdd(1, ordering: .relaxed)
        try clear(offset, count)
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
