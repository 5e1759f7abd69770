// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Room for the entries of one transfer's vectors.
@safe
struct VectorStore: @unchecked Sendable {
    /// IOV_MAX: more entries a call are EINVAL.
    static let capacity = 1024

    private let entries: UnsafeMutablePointer<iovec>
    private(set) var count = 0
    private(set) var bytes: UInt64 = 0

    /// Entries in memory that outlives this value.
    @unsafe
    init(_ entries: UnsafeMutablePointer<iovec>) { unsafe self.entries = entries }

    /// What was appended; valid until the store changes.
    var span: IOSpan { unsafe IOSpan(base: entries, count: count) }

    mutating func removeAll() {
        count = 0
        bytes = 0
    }

    /// Appends memory; false when there is no room.
    mutating func append(_ base: UnsafeMutableRawPointer, _ length: Int) -> Bool {
        guard length > 0 else { return true }
        guard count < Self.capacity else { return false }
        // SAFETY: `count` is below the capacity.
        unsafe entries[count] = iovec(iov_base: base, iov_len: length)
        count &+= 1
        bytes &+= UInt64(length)
        return true
    }

    /// Moves `length` bytes' worth of entries from the front of a span; false when they do not fit or are not there.
    mutating func append(_ source: inout IOSpan, _ length: UInt64) -> Bool {
        var left = Int(truncatingIfNeeded: length)
        source.consume(0)
        while left > 0 {
            let part = unsafe min(source.first.count, left)
            guard part > 0, let base = unsafe source.first.baseAddress, unsafe append(base, part) else { return false }
            source.consume(part)
            left &-= part
        }
        return true
    }
}
