// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// Who else may have an image open while we have, on this host and on others that share its file system's locks.
///
/// The locks are those of QEMU (`block/file-posix.c`), so that its tools and machines are kept out as well. They belong to
/// the open file and not to the process: they stay when the descriptor is passed over a socket and go with the last copy
/// of it. Taking one again on the same open file is harmless, so supervisor and launcher may both ask.
public enum ImageLock: Sendable, Equatable {
    /// We write; others neither write nor read.
    case exclusive
    /// We read; others read.
    case shared
    /// We write; others write and read who have agreed to it likewise.
    case agreed
    /// Nothing is checked.
    case unlocked

    /// Takes the lock without waiting.
    /// - Throws: `ImageError.busy` when another open file holds it.
    public func take(on file: borrowing FileDescriptor, name: String) throws(ImageError) {
        do throws(Errno) {
            switch self {
            case .exclusive: try file.lockImage(.writing)
            case .shared: try file.lockImage(.reading)
            case .agreed: try file.lockImage(.sharing)
            case .unlocked: break
            }
        } catch {
            switch error.code {
            case EAGAIN, EACCES: throw .busy(name, writing: self != .shared)
            // A file system without locks (some network and user-space ones) cannot tell; that is no reason not to run.
            case ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL: return
            default: throw .failed(name, error)
            }
        }
    }
}
