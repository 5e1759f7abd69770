// SPDX-License-Identifier: Apache-2.0

public import Linux

/// A file that holds an image's metadata, read and written while the caller waits.
///
/// Data go another way: through a `FileEngine` over the same file.
public protocol MetadataFile: AnyObject, Sendable {
    /// The file's size in bytes.
    var bytes: UInt64 { get }
    /// Whether the file can be made longer, and what is added reads as zeros.
    var canGrow: Bool { get }
    /// Fills the buffer; what lies behind the end of the file is zeros.
    /// - Throws: `Errno` of `pread`.
    func read(_ target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(Errno)
    /// Stores the buffer.
    /// - Throws: `Errno` of `pwrite`.
    func write(_ source: UnsafeRawBufferPointer, at offset: UInt64) throws(Errno)
    /// Returns once every completed write, and that of any engine over the file, is on stable storage.
    /// - Throws: `Errno` of `fdatasync`.
    func sync() throws(Errno)
    /// Makes the file longer or shorter.
    /// - Throws: `Errno` of `ftruncate`.
    func resize(to bytes: UInt64) throws(Errno)
    /// Gives the space of a range back where the host can; afterwards it reads as zeros or as before.
    func punch(at offset: UInt64, count: UInt64)
}

extension MetadataFile {
    /// Bytes of the file.
    /// - Throws: `Errno` of `pread`.
    func bytes(at offset: UInt64, count: Int) throws(Errno) -> [UInt8] {
        var all = [UInt8](repeating: 0, count: count)
        // SAFETY: the array bounds the read and outlives it.
        let result: Result<Void, Errno> = unsafe all.withUnsafeMutableBytes { p in
            Result { () throws(Errno) in try unsafe read(p, at: offset) }
        }
        try result.get()
        return all
    }

    /// Stores bytes.
    /// - Throws: `Errno` of `pwrite`.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(Errno) {
        // SAFETY: the array bounds the write and outlives it.
        let result: Result<Void, Errno> = unsafe bytes.withUnsafeBytes { p in
            Result { () throws(Errno) in try unsafe write(p, at: offset) }
        }
        try result.get()
    }
}
