// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Operations that wait on the caller's thread; engines decide on which one.
extension ImageFile {
    /// Carries an operation out.
    /// - Throws: `Errno` of the host's call; EROFS for a change of a read-only image.
    @inline(__always)
    func perform(_ operation: BlockOperation, _ bounce: borrowing BounceBuffer) throws(Errno) {
        switch operation {
        case .read(let vectors, let offset, _): try read(vectors, at: offset, bounce)
        case .write(let vectors, let offset, _, let durable):
            try write(vectors, at: offset, durable: durable, bounce)
        case .flush: try flush()
        case .discard(let offset, let count): try discard(at: offset, count: count)
        case .writeZeroes(let offset, let count, let unmap, let durable):
            try writeZeroes(at: offset, count: count, unmap: unmap, bounce)
            if durable || writesThrough { try flush() }
        }
    }

    /// Fills the vectors from `offset` on.
    /// - Throws: `Errno` of `preadv`; EIO when the file has become shorter.
    @inline(__always)
    func read(_ vectors: IOSpan, at offset: UInt64, _ bounce: borrowing BounceBuffer) throws(Errno) {
        guard let at = Int64(exactly: offset) else { throw Errno(code: EINVAL, call: "preadv") }
        if !isAligned(vectors, offset) { return try bounce.read(vectors, at: at, self) }
        try Transfer.read(self, vectors, at: at)
    }

    /// Stores the vectors from `offset` on.
    /// - Throws: `Errno` of `pwritev`; EROFS for a read-only image.
    @inline(__always)
    func write(
        _ vectors: IOSpan, at offset: UInt64, durable: Bool, _ bounce: borrowing BounceBuffer
    ) throws(Errno) {
        try requireWritable("pwritev")
        guard let at = Int64(exactly: offset) else { throw Errno(code: EINVAL, call: "pwritev") }
        let durable = durable || writesThrough
        if !isAligned(vectors, offset) {
            try bounce.write(vectors, at: at, self)
            if durable { try flush() }
            return
        }
        try Transfer.write(descriptor.raw, vectors, at: at, durable: durable)
    }

    /// Puts every completed write on stable storage.
    /// - Throws: `Errno` of `fdatasync`.
    func flush() throws(Errno) {
        while true {
            let r = clinux_fdatasync(descriptor.raw)
            if r == -Int(EINTR) { continue }
            try Errno.check(r, "fdatasync")
            return
        }
    }

    /// Punches a hole, or discards the blocks of a device.
    /// - Throws: `Errno`; EOPNOTSUPP when the host cannot.
    func discard(at offset: UInt64, count: UInt64) throws(Errno) {
        try requireWritable("fallocate")
        guard count > 0 else { return }
        guard canPunch.load(ordering: .relaxed) else { throw Errno(code: EOPNOTSUPP, call: "fallocate") }
        do throws(Errno) {
            switch kind {
            case .blockDevice: try device(CLINUX_BLKDISCARD, "ioctl BLKDISCARD", offset, count)
            default: try allocate(CLINUX_PUNCH_HOLE, offset, count)
            }
        } catch {
            guard ImageFile.isUnsupported(error.code) else { throw error }
            canPunch.store(false, ordering: .relaxed)
            throw Errno(code: EOPNOTSUPP, call: error.call)
        }
    }

    /// Makes the range zeros by the cheapest call the host has, by writing zeros where it has none.
    /// - Throws: `Errno` of the host's call.
    func writeZeroes(
        at offset: UInt64, count: UInt64, unmap: Bool, _ bounce: borrowing BounceBuffer
    ) throws(Errno) {
        try requireWritable("fallocate")
        guard count > 0 else { return }
        if unmap && kind == .regular && canPunch.load(ordering: .relaxed) {
            do throws(Errno) {
                return try allocate(CLINUX_PUNCH_HOLE, offset, count)
            } catch {
                guard ImageFile.isUnsupported(error.code) else { throw error }
                canPunch.store(false, ordering: .relaxed)
            }
        }
        if canZeroRange.load(ordering: .relaxed) {
            do throws(Errno) {
                switch kind {
                case .blockDevice: try device(CLINUX_BLKZEROOUT, "ioctl BLKZEROOUT", offset, count)
                default: try allocate(CLINUX_ZERO_RANGE, offset, count)
                }
                return
            } catch {
                guard ImageFile.isUnsupported(error.code) else { throw error }
                canZeroRange.store(false, ordering: .relaxed)
            }
        }
        guard let at = Int64(exactly: offset) else { throw Errno(code: EINVAL, call: "pwritev") }
        try bounce.zero(self, at: at, count: count)
    }

    /// Whether a call is one that this file never answers.
    static func isUnsupported(_ code: Int32) -> Bool {
        code == EOPNOTSUPP || code == ENOSYS || code == ENOTTY || code == ENODEV
    }

    /// - Throws: EROFS in the name of `call`.
    @inline(__always)
    func requireWritable(_ call: StaticString) throws(Errno) {
        if isReadOnly { throw Errno(code: EROFS, call: call) }
    }

    private func allocate(_ mode: Int32, _ offset: UInt64, _ count: UInt64) throws(Errno) {
        guard let at = Int64(exactly: offset), let n = Int64(exactly: count) else {
            throw Errno(code: EINVAL, call: "fallocate")
        }
        while true {
            let r = clinux_fallocate(descriptor.raw, mode, at, n)
            if r == -Int(EINTR) { continue }
            try Errno.check(r, "fallocate")
            return
        }
    }

    private func device(_ request: UInt, _ call: StaticString, _ offset: UInt64, _ count: UInt64) throws(Errno) {
        var range = (offset, count)
        // SAFETY: both requests read two 64-bit numbers.
        try Errno.check(unsafe clinux_ioctl_pointer(descriptor.raw, request, &range), call)
    }
}
