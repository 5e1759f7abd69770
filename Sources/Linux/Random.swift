// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// The kernel's random number source, see `getrandom(2)`.
public enum Random {
    /// Fills the buffer.
    /// - Throws: `Errno` of `getrandom`.
    public static func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
        var done = 0
        // SAFETY: `done` stays below `count`.
        while done < buffer.count {
            let r = unsafe clinux_getrandom(buffer.baseAddress?.advanced(by: done), buffer.count - done)
            if r == -Int(EINTR) { continue }
            done += try Errno.check(r, "getrandom")
        }
    }
}
