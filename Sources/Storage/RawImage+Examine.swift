// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

extension RawImage {
    /// Asks the host about block sizes, alignment and discarding; changes nothing in the file.
    static func examine(
        _ file: borrowing FileDescriptor, _ status: FileStatus, flags: Int32, readOnly: Bool
    ) throws(Errno) -> ImageProperties {
        var logical = 512, physical = 4096
        if status.kind == .blockDevice {
            var size: Int32 = 0
            try Errno.check(unsafe clinux_ioctl_pointer(file.raw, CLINUX_BLKSSZGET, &size), "ioctl BLKSSZGET")
            logical = sane(size)
            var larger: UInt32 = 0
            if unsafe clinux_ioctl_pointer(file.raw, CLINUX_BLKPBSZGET, &larger) == 0 {
                physical = sane(Int32(truncatingIfNeeded: larger))
            }
        }
        var direct = 1
        if flags & CLINUX_O_DIRECT != 0 {
            direct = status.kind == .blockDevice ? logical : directAlignment(of: file)
            logical = max(logical, min(direct, 4096))
        }
        return ImageProperties(
            capacity: capacity(of: status.bytes), fileBytes: status.bytes, logicalBlockBytes: logical,
            physicalBlockBytes: max(physical, logical), directAlignment: direct, isReadOnly: readOnly,
            canDiscard: !readOnly && canDiscard(file, status))
    }

    // Punching behind the end of a file and discarding behind the end of a device both change nothing, but only where
    // the call exists do they get as far as finding that out.
    private static func canDiscard(_ file: borrowing FileDescriptor, _ status: FileStatus) -> Bool {
        let end = capacity(of: status.bytes)
        switch status.kind {
        case .regular:
            guard let at = Int64(exactly: end), at < Int64.max - 8192 else { return false }
            return clinux_fallocate(file.raw, CLINUX_PUNCH_HOLE, (at + 4095) & ~4095, 4096) == 0
        case .blockDevice:
            var range = (end, UInt64(4096))
            // SAFETY: the request reads two 64-bit numbers.
            return unsafe clinux_ioctl_pointer(file.raw, CLINUX_BLKDISCARD, &range) == -Int(EINVAL)
        case .other: return false
        }
    }

    // Linux 6.1 says it in statx; before that, the page size is right for every file system.
    private static func directAlignment(of file: borrowing FileDescriptor) -> Int {
        var memory: UInt32 = 0, offset: UInt32 = 0
        guard unsafe clinux_direct_alignment(file.raw, &memory, &offset) == 0, memory > 0, offset > 0 else {
            return 4096
        }
        return sane(Int32(truncatingIfNeeded: max(memory, offset)))
    }

    private static func sane(_ bytes: Int32) -> Int {
        bytes >= 512 && bytes <= 65536 && bytes & (bytes - 1) == 0 ? Int(bytes) : 4096
    }
}
