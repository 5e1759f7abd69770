// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Whole transfers at an offset: short ones are continued, interrupted ones repeated.
enum Transfer {
    /// IOV_MAX: more entries a call are EINVAL.
    static let maximumVectors = 1024

    /// Fills the vectors. Bytes from `limit` (the file's size when it was opened) up to the end of its last sector are
    /// zeros; an end of file before `limit` is EIO, because the disk has lost bytes it promised.
    @inline(__always)
    static func read(_ raw: Int32, _ vectors: IOSpan, at offset: Int64, limit: UInt64) throws(Errno) {
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
            if n == 0 {
                let missing = left.byteCount
                if missing == 0 { return }
                guard UInt64(at) >= limit, missing < Int(ImageProperties.sectorBytes) else {
                    throw Errno(code: EIO, call: "preadv")
                }
                return left.clear()
            }
            left.consume(n)
            at &+= Int64(n)
        }
    }

    /// Stores the vectors.
    @inline(__always)
    static func write(_ raw: Int32, _ vectors: IOSpan, at offset: Int64) throws(Errno) {
        var left = vectors
        var at = offset
        while left.count > 0 {
            // SAFETY: as in `read`.
            let r =
                left.skip == 0
                ? unsafe clinux_pwritev(raw, left.base, Int32(min(left.count, maximumVectors)), at)
                : unsafe clinux_pwrite(raw, left.first.baseAddress, left.first.count, at)
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
}
