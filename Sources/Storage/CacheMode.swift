// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// What lies between a disk and its medium.
public enum CacheMode: String, Sendable, CaseIterable {
    /// Nothing: O_DIRECT.
    case none
    /// The page cache, for reads only: a write completes on stable storage.
    case writethrough
    /// The page cache: flushes are the guest's business.
    case writeback

    /// Puts an open file into a mode, by its O_DIRECT flag.
    /// - Parameter wish: the mode, or nil for `none` where the file system has O_DIRECT and `writethrough` elsewhere.
    /// - Returns: the mode the file is in.
    /// - Throws: `Errno` of `fcntl`; EINVAL when `none` was asked for and the file system has no O_DIRECT.
    public static func choose(_ wish: CacheMode?, for file: borrowing FileDescriptor) throws(Errno) -> CacheMode {
        let flags = Int32(try Errno.check(clinux_get_flags(file.raw), "fcntl"))
        switch wish {
        case .writethrough, .writeback:
            if flags & CLINUX_O_DIRECT != 0 {
                try Errno.check(clinux_set_flags(file.raw, flags & ~CLINUX_O_DIRECT), "fcntl")
            }
            return wish ?? .writethrough
        case .some(.none), nil:
            if flags & CLINUX_O_DIRECT != 0 { return .none }
            let result = clinux_set_flags(file.raw, flags | CLINUX_O_DIRECT)
            if wish == nil, result == -Int(EINVAL) { return .writethrough }
            try Errno.check(result, "fcntl O_DIRECT")
            return .none
        }
    }
}
