// SPDX-License-Identifier: Apache-2.0

internal import CLinux

extension FileDescriptor {
    /// Reads up to the buffer's size; 0 means end of file.
    /// - Throws: `Errno` of `read`; EINTR is retried.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        // SAFETY: the kernel writes at most `count` bytes into the caller's buffer.
        while true {
            let r = unsafe clinux_read(raw, buffer.baseAddress, buffer.count)
            if r != -Int(EINTR) { return try Errno.check(r, "read") }
        }
    }

    /// Writes some of the buffer and says how many bytes.
    /// - Throws: `Errno` of `write`; EINTR is retried.
    public borrowing func write(_ buffer: UnsafeRawBufferPointer) throws(Errno) -> Int {
        // SAFETY: the kernel reads at most `count` bytes of the caller's buffer.
        while true {
            let r = unsafe clinux_write(raw, buffer.baseAddress, buffer.count)
            if r != -Int(EINTR) { return try Errno.check(r, "write") }
        }
    }

    /// Reads at an offset until the buffer is full or the file ends; says how many bytes were read.
    /// - Throws: `Errno` of `pread`; EINTR is retried.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
        var done = 0
        // SAFETY: `done` stays below `count`, so each call stays within the caller's buffer.
        while done < buffer.count {
            let r = unsafe clinux_pread(
                raw, buffer.baseAddress?.advanced(by: done), buffer.count - done, offset + Int64(done))
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "pread")
            if n == 0 { break }
            done += n
        }
        return done
    }

    /// Writes the whole buffer, waiting as often as needed.
    /// - Throws: `Errno` of `write`.
    public borrowing func writeAll(_ bytes: [UInt8]) throws(Errno) {
        var done = 0
        while done < bytes.count {
            // SAFETY: `done` is below `count`, so the slice lies within the array.
            let r = unsafe bytes.withUnsafeBytes { p in
                unsafe clinux_write(raw, p.baseAddress?.advanced(by: done), p.count - done)
            }
            if r == -Int(EINTR) { continue }
            done += try Errno.check(r, "write")
        }
    }

    /// Everything up to the end of the file, refused beyond `limit` bytes.
    /// - Throws: `Errno` of `read`; EFBIG beyond the limit.
    public borrowing func readAll(limit: Int) throws(Errno) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            // SAFETY: the array outlives the call and bounds it.
            let r = unsafe chunk.withUnsafeMutableBytes { p in unsafe clinux_read(raw, p.baseAddress, p.count) }
            if r == -Int(EINTR) { continue }
            let n = try Errno.check(r, "read")
            if n == 0 { return all }
            guard all.count + n <= limit else { throw Errno(code: EFBIG, call: "read") }
            all += chunk[..<n]
        }
    }

    /// What kind of file this is and how many bytes it holds (block devices included).
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public borrowing func status() throws(Errno) -> FileStatus {
        var s = stat()
        try Errno.check(unsafe clinux_fstat(raw, &s), "fstat")
        if unsafe clinux_is_regular(&s) != 0 { return FileStatus(kind: .regular, bytes: UInt64(s.st_size)) }
        if unsafe clinux_is_block_device(&s) != 0 {
            var bytes: UInt64 = 0
            try Errno.check(unsafe clinux_ioctl_pointer(raw, CLINUX_BLKGETSIZE64, &bytes), "ioctl BLKGETSIZE64")
            return FileStatus(kind: .blockDevice, bytes: bytes)
        }
        return FileStatus(kind: .other, bytes: 0)
    }
}
