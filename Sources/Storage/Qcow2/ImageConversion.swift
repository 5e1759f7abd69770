// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// Copies a disk's contents into another; zeros are not written.
public enum ImageConversion {
    private static let chunkBytes = 2 << 20
    /// Zeros are looked for in pieces of this size.
    private static let grain = 4096

    /// Copies everything; the target is at least as large and reads as zeros.
    /// - Parameter progress: is told the part that is done, from 0 to 1.
    /// - Throws: `Errno`.
    public static func copy(
        _ source: inout OpenDisk, to target: inout OpenDisk, progress: (Double) -> Void = { _ in }
    ) throws(Errno) {
        let memory = try Mapping(
            count: chunkBytes, protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE | MAP_ANONYMOUS)
        let size = source.capacity
        var at: UInt64 = 0
        while at < size {
            let extent = try source.extent(at: at, count: size - at)
            if !extent.isZero {
                var done: UInt64 = 0
                while done < extent.count {
                    let part = min(extent.count - done, UInt64(chunkBytes) - (at + done) % UInt64(chunkBytes))
                    try copy(&source, &target, memory, at: at + done, count: Int(part))
                    done += part
                    progress(Double(at + done) / Double(size))
                }
            }
            at += extent.count
            progress(Double(at) / Double(size))
        }
    }

    /// Copies what of a chunk is not zeros.
    private static func copy(
        _ source: inout OpenDisk, _ target: inout OpenDisk, _ memory: borrowing Mapping, at offset: UInt64, count: Int
    ) throws(Errno) {
        try transfer(&source, memory, 0, count, at: offset, isWrite: false)
        var start: Int?
        var at = 0
        while at < count {
            let piece = min(grain - Int((offset + UInt64(at)) % UInt64(grain)), count - at)
            // SAFETY: the piece lies within the memory. Where the first byte is zero and each equals the next, all are.
            let base = unsafe memory.base + at
            let isZero = unsafe base.load(as: UInt8.self) == 0 && memcmp(base, base + 1, piece - 1) == 0
            if isZero, let first = start {
                try transfer(&target, memory, first, at - first, at: offset + UInt64(first), isWrite: true)
                start = nil
            } else if !isZero, start == nil {
                start = at
            }
            at += piece
        }
        if let first = start {
            try transfer(&target, memory, first, count - first, at: offset + UInt64(first), isWrite: true)
        }
    }

    private static func transfer(
        _ disk: inout OpenDisk, _ memory: borrowing Mapping, _ from: Int, _ count: Int, at offset: UInt64, isWrite: Bool
    ) throws(Errno) {
        var vector = unsafe iovec(iov_base: memory.base + from, iov_len: count)
        // SAFETY: the entry and the memory outlive the call.
        unsafe try withUnsafeMutablePointer(to: &vector) { (p) throws(Errno) in
            let span = unsafe IOSpan(base: p, count: 1)
            try disk.perform(
                isWrite
                    ? .write(span, at: offset, count: UInt64(count), durable: false)
                    : .read(span, at: offset, count: UInt64(count)))
        }
    }
}
