// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Glibc

/// What a disk image was opened for, as other users of it are told.
public enum ImageUse: Sendable {
    /// We read, and nobody may write.
    case reading
    /// We write, and nobody else may.
    case writing
    /// We write, and others may who say the same.
    case sharing
}

extension FileDescriptor {
    /// Locks a disk image without waiting, in the way QEMU does: byte 100+n is held for a permission that is used, byte
    /// 200+n for one that others must not use. The lock belongs to the open file, so it goes along when the descriptor is
    /// passed on, and ends when the last one is closed.
    /// - Throws: `Errno` of `fcntl`; EAGAIN when another open file uses the image in a way that excludes this one.
    public borrowing func lockImage(_ use: ImageUse) throws(Errno) {
        // Bits 0, 1 and 3 of BLK_PERM_*: consistent reads, writes, changes of size.
        let (held, refused): (UInt32, UInt32) =
            switch use {
            case .reading: (0b0001, 0b1010)
            case .writing: (0b1011, 0b1010)
            case .sharing: (0b0011, 0b0000)
            }
        try Errno.check(clinux_lock_image(raw, held, refused), "fcntl F_OFD_SETLK")
    }

    /// The same with patience: what a process that was killed had put into an io_uring keeps its files, and their locks,
    /// for some time after its end.
    /// - Throws: as `lockImage(_:)`.
    public borrowing func lockImage(_ use: ImageUse, within milliseconds: UInt64) throws(Errno) {
        let deadline = Clock.monotonic &+ milliseconds &* 1_000_000
        while true {
            do throws(Errno) { return try lockImage(use) } catch {
                guard error.code == EAGAIN || error.code == EACCES, Clock.monotonic < deadline else { throw error }
                usleep(1000)
            }
        }
    }

    /// Ends every use that was declared on this open file, whoever else holds a copy of it.
    public borrowing func unlockImage() { clinux_unlock_image(raw) }
}
