// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage

/// Memory in pieces, and the iovecs that describe it.
final class Vectors {
    let bytes: UnsafeMutableRawBufferPointer
    private let entries: UnsafeMutablePointer<iovec>
    private let count: Int

    /// Pieces of these lengths, one behind the other, the first `skew` bytes off a 4096-byte boundary.
    init(_ lengths: [Int], skew: Int = 0) {
        let total = lengths.reduce(0, +)
        bytes = .allocate(byteCount: total + skew + 1, alignment: 4096)
        entries = .allocate(capacity: max(lengths.count, 1))
        count = lengths.count
        var at = skew
        for (i, length) in lengths.enumerated() {
            (entries + i).initialize(to: iovec(iov_base: bytes.baseAddress.map { $0 + at }, iov_len: length))
            at += length
        }
        _ = bytes.initializeMemory(as: UInt8.self, repeating: 0xEE)
    }

    convenience init(_ contents: [UInt8], split: [Int]? = nil, skew: Int = 0) {
        self.init(split ?? [contents.count], skew: skew)
        _ = contents.withUnsafeBytes { source in withSpan { $0.write(source) } }
    }

    deinit {
        bytes.deallocate()
        entries.deallocate()
    }

    /// The entries; the closure must not let them out.
    func withSpan<R>(_ body: (inout IOSpan) -> R) -> R {
        var span = IOSpan(base: entries, count: count)
        return withExtendedLifetime(self) { body(&span) }
    }

    var span: IOSpan { IOSpan(base: entries, count: count) }

    var contents: [UInt8] {
        var all = [UInt8](repeating: 0, count: withSpan { $0.byteCount })
        _ = all.withUnsafeMutableBytes { target in withSpan { $0.read(into: target) } }
        return all
    }
}
