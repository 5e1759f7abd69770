// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// Who else may have an image open while we have.
///
/// The lock is an open-file-description lock (`fcntl(2)`, F_OFD_SETLK) over the whole file: it belongs to the open file
/// and not to the process, so it stays when the descriptor is passed over a socket and goes with the last copy of it.
/// Taking it again on the same open file is harmless, so supervisor and launcher may both ask.
public enum ImageLock: Sendable, Equatable {
    /// Nobody: we write.
    case exclusive
    /// Other readers: we only read, or the disk is declared shareable and its guests agree among themselves.
    case shared
    /// Everybody: nothing is checked.
    case unlocked

    /// Takes the lock without waiting.
    /// - Throws: `ImageError.busy` when another open file holds it.
    public func take(on file: borrowing FileDescriptor, name: String) throws(ImageError) {
        if self == .unlocked { return }
        let r = clinux_ofd_lock(file.raw, self == .exclusive ? 1 : 0)
        switch Int32(truncatingIfNeeded: 0 &- r) {
        case ...0: return
        case EAGAIN, EACCES: throw .busy(name, writing: self == .exclusive)
        case EBADF: throw .descriptorIsReadOnly(name)
        // A file system without locks (some network and user-space ones) cannot tell; that is no reason not to run.
        case ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL: return
        case let code: throw .failed(name, Errno(code: code, call: "fcntl F_OFD_SETLK"))
        }
    }
}
