// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Whole transfers at an offset: short ones are continued, interrupted ones repeated.
enum Transfer {
    /// IOV_MAX: more entries a call are EINVAL.
    static let maximumVectors = 1024

    /// Fills the vectors.
    @inline(__always)
    static func read(_ file: ImageFile, _ vectors: IOSpan, at offset: Int64) throws(Errno) {
        let raw = file.descriptor.raw
        var left = vectors
        var at = offset
        while left.count > 0 {
            // SAFETY: the entries describe memory that outlives the call. The rest of an entry goes by itself, so that
            // no entry need be changed.
            let r =
                left.skip == 0
                ? unsafe clinux_preadv(raw, left.base, Int32(min(left.count, maximumVectors)), at)
                : unsafe clinux_pread(raw, left.first.baseAddress, left.first.count, at)
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "preadv")
            left.consume(n)
            at &+= Int64(n)
            // Past the page cache only the end of the file ends a transfer within a block.
            if n == 0 || at & Int64(file.offsetAlignment &- 1) != 0 { return try end(of: file, &left, at: UInt64(at)) }
        }
    }

    /// Fills what is left of a read that met the end of the file at `offset`: with zeros where the file's `end` says so,
    /// and up to the end of the last sector.
    /// - Throws: EIO when the file has become shorter.
    static func end(of file: ImageFile, _ left: inout IOSpan, at offset: UInt64) throws(Errno) {
        let missing = left.byteCount
        if missing == 0 { return }
        let isRagged = offset >= file.bytes && missing < Int(ImageProperties.sectorBytes)
        guard file.end == .zeros || isRagged else { throw Errno(code: EIO, call: "preadv") }
        left.clear()
    }

    /// Stores the vectors; `durable` returns when they are on stable storage.
    @inline(__always)
    static func write(_ raw: Int32, _ vectors: IOSpan, at offset: Int64, durable: Bool) throws(Errno) {
        var left = vectors
        var at = offset
        while left.count > 0 {
            // SAFETY: as in `read`.
            let r = durable ? storeDurably(raw, left, at) : store(raw, left, at)
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "pwritev")
            if n == 0 {
                if left.byteCount == 0 { return }
                throw Errno(code: ENOSPC, call: "pwritev")
            }
            left.consume(n)
            at &+= Int64(n)
        }
    }

    @inline(__always)
    private static func store(_ raw: Int32, _ left: IOSpan, _ at: Int64) -> Int {
        unsafe left.skip == 0
            ? clinux_pwritev(raw, left.base, Int32(min(left.count, maximumVectors)), at)
            : clinux_pwrite(raw, left.first.baseAddress, left.first.count, at)
    }

    private static func storeDurably(_ raw: Int32, _ left: IOSpan, _ at: Int64) -> Int {
        if left.skip == 0 {
            return unsafe clinux_pwritev_durable(raw, left.base, Int32(min(left.count, maximumVectors)), at)
        }
        var rest = unsafe iovec(iov_base: left.first.baseAddress, iov_len: left.first.count)
        return unsafe clinux_pwritev_durable(raw, &rest, 1, at)
    }
}
