// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// What the host says about block sizes, alignment and discarding; finding out changes nothing in the file.
struct ImageFacts {
    let properties: ImageProperties
    let memoryAlignment: Int
    let offsetAlignment: Int

    /// Asks about an open file.
    /// - Throws: `Errno` of `ioctl`.
    init(_ file: borrowing FileDescriptor, _ status: FileStatus, flags: Int32, readOnly: Bool) throws(Errno) {
        var logical = 512, physical = 4096
        if status.kind == .blockDevice {
            var size: Int32 = 0
            try Errno.check(unsafe clinux_ioctl_pointer(file.raw, CLINUX_BLKSSZGET, &size), "ioctl BLKSSZGET")
            logical = ImageFacts.sane(size)
            var larger: UInt32 = 0
            if unsafe clinux_ioctl_pointer(file.raw, CLINUX_BLKPBSZGET, &larger) == 0 {
                physical = ImageFacts.sane(Int32(truncatingIfNeeded: larger))
            }
        }
        var memory = 1, offset = 1
        if flags & CLINUX_O_DIRECT != 0 {
            (memory, offset) = try ImageFacts.directAlignment(of: file)
            logical = max(logical, min(offset, 4096))
        }
        memoryAlignment = memory
        offsetAlignment = offset
        properties = ImageProperties(
            capacity: ImageProperties.capacity(ofFile: status.bytes), fileBytes: status.bytes,
            logicalBlockBytes: logical, physicalBlockBytes: max(physical, logical),
            directAlignment: max(memory, offset), isReadOnly: readOnly,
            canDiscard: !readOnly && ImageFacts.canDiscard(file, status))
    }

    // Punching behind the end of a file and discarding behind the end of a device both change nothing, but only where
    // the call exists do they get as far as finding that out.
    private static func canDiscard(_ file: borrowing FileDescriptor, _ status: FileStatus) -> Bool {
        let end = ImageProperties.capacity(ofFile: status.bytes)
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

    // Linux 6.1 says it in statx (STATX_DIOALIGN); elsewhere the smallest read that works does.
    private static func directAlignment(of file: borrowing FileDescriptor) throws(Errno) -> (Int, Int) {
        var memory: UInt32 = 0, offset: UInt32 = 0
        if unsafe clinux_direct_alignment(file.raw, &memory, &offset) == 0, memory > 0, offset > 0,
            memory & (memory - 1) == 0, memory <= 65536
        {
            // A device may take memory at any 4 bytes; guests' buffers are in sectors anyhow.
            return (Int(memory), sane(Int32(truncatingIfNeeded: offset)))
        }
        let probe = try Mapping(count: 8192, protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE | MAP_ANONYMOUS)
        var sizes = (4096, 4096)
        for size in [2048, 1024, 512] {
            // SAFETY: both reads stay within the mapping.
            if unsafe clinux_pread(file.raw, probe.base, size, 0) >= 0 { sizes.1 = size }
            if unsafe clinux_pread(file.raw, probe.base + size, 4096, 0) >= 0 { sizes.0 = size }
        }
        return sizes
    }

    private static func sane(_ bytes: Int32) -> Int {
        bytes >= 512 && bytes <= 65536 && bytes & (bytes - 1) == 0 ? Int(bytes) : 4096
    }
}
