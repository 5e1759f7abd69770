// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization

@testable import Storage

/// A file in memory that remembers every change, so that a power cut can be played at any moment.
final class MemoryFile: MetadataFile, @unchecked Sendable {
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case resize(Int)
        case punch(Range<Int>)
        case sync
    }

    private let lock = Mutex<Void>(())
    private(set) var content: [UInt8]
    /// Changes since the test asked for them to be kept; nil keeps none.
    private(set) var changes: [Change]?
    /// Writes fail with this while it is set.
    var failure: Errno?

    init(_ content: [UInt8] = [], keepsChanges: Bool = false) {
        self.content = content
        changes = keepsChanges ? [] : nil
    }

    var bytes: UInt64 { lock.withLock { _ in UInt64(content.count) } }
    var canGrow: Bool { true }

    func read(_ target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(Errno) {
        lock.withLock { _ in
            let at = Int(clamping: offset)
            let count = max(0, min(target.count, content.count - min(at, content.count)))
            content.withUnsafeBytes { p in
                guard let to = target.baseAddress else { return }
                if count > 0, let from = p.baseAddress { memcpy(to, from + at, count) }
                memset(to + count, 0, target.count - count)
            }
        }
    }

    func write(_ source: UnsafeRawBufferPointer, at offset: UInt64) throws(Errno) {
        if let failure { throw failure }
        lock.withLock { _ in apply(.write(offset: Int(clamping: offset), bytes: Array(source))) }
    }

    func sync() throws(Errno) { lock.withLock { _ in changes?.append(.sync) } }
    func resize(to bytes: UInt64) throws(Errno) {
        guard bytes <= 1 << 30 else { throw Errno(code: EFBIG, call: "ftruncate") }
        lock.withLock { _ in apply(.resize(Int(bytes))) }
    }
    func punch(at offset: UInt64, count: UInt64) {
        lock.withLock { _ in apply(.punch(Int(clamping: offset)..<Int(clamping: offset + count))) }
    }

    private func apply(_ change: Change) {
        changes?.append(change)
        MemoryFile.apply(change, to: &content)
    }

    static func apply(_ change: Change, to content: inout [UInt8]) {
        switch change {
        case .write(let offset, let bytes):
            if offset + bytes.count > content.count {
                content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
            }
            content.withUnsafeMutableBytes { to in
                bytes.withUnsafeBytes { from in
                    if let to = to.baseAddress, let from = from.baseAddress { memcpy(to + offset, from, bytes.count) }
                }
            }
        case .resize(let count):
            if count < content.count {
                content.removeSubrange(count...)
            } else {
                content += [UInt8](repeating: 0, count: count - content.count)
            }
        case .punch(let range):
            let part = range.clamped(to: 0..<content.count)
            content.withUnsafeMutableBytes { p in
                if let base = p.baseAddress { memset(base + part.lowerBound, 0, part.count) }
            }
        case .sync: break
        }
    }
}
