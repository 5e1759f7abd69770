// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// One operation on its way through a ring, and what is left of it.
struct RingSlot {
    /// What the kernel is asked next.
    enum Stage { case read, write, flush, discard, discardDevice, punch, zeroRange, zeros }

    /// How an operation begins.
    enum Start {
        case slot(RingSlot)
        case nothing
        case failed(Errno)
        /// It cannot go through a ring.
        case blocking
    }

    /// What a result means.
    enum Step {
        case done
        case failed(Errno)
        /// The next step is asked for.
        case more
        /// The rest cannot go through a ring.
        case blocking
    }

    /// Most bytes of one entry (MAX_RW_COUNT, in whole pages).
    static let mostBytes = 0x7FFF_F000

    var stage = Stage.flush
    var file: Int32 = 0
    var isDurable = false
    var mayUnmap = false
    var left: IOSpan?
    var offset: UInt64 = 0
    /// Bytes left of a range.
    var count: UInt64 = 0

    @inline(__always)
    static func begin(_ operation: BlockOperation, on image: ImageFile, file: Int) -> Start {
        var slot = RingSlot()
        slot.file = Int32(truncatingIfNeeded: file)
        switch operation {
        case .read(let vectors, let offset, _):
            slot.stage = .read
            return slot.transfer(vectors, offset, image)
        case .write(let vectors, let offset, _, let durable):
            if image.isReadOnly { return .failed(Errno(code: EROFS, call: "pwritev")) }
            slot.stage = .write
            slot.isDurable = durable || image.writesThrough
            return slot.transfer(vectors, offset, image)
        case .flush: return .slot(slot)
        case .discard(let offset, let count):
            guard let refusal = change(offset, count, image) else {
                guard image.canPunch.load(ordering: .relaxed) else {
                    return .failed(Errno(code: EOPNOTSUPP, call: "fallocate"))
                }
                slot.stage = image.kind == .blockDevice ? .discardDevice : .discard
                slot.offset = offset
                slot.count = count
                return .slot(slot)
            }
            return refusal
        case .writeZeroes(let offset, let count, let unmap, let durable):
            guard let refusal = change(offset, count, image) else {
                slot.offset = offset
                slot.count = count
                slot.mayUnmap = unmap
                slot.isDurable = durable || image.writesThrough
                if unmap && image.kind == .regular && image.canPunch.load(ordering: .relaxed) {
                    slot.stage = .punch
                } else if image.canZeroRange.load(ordering: .relaxed) {
                    slot.stage = .zeroRange
                } else {
                    slot.stage = .zeros
                }
                return .slot(slot)
            }
            return refusal
        }
    }

    @inline(__always)
    private mutating func transfer(_ vectors: IOSpan, _ at: UInt64, _ image: ImageFile) -> Start {
        guard at <= UInt64(Int64.max) else {
            return .failed(Errno(code: EINVAL, call: stage == .read ? "preadv" : "pwritev"))
        }
        guard image.isAligned(vectors, at) else { return .blocking }
        var span = vectors
        span.consume(0)
        if span.count == 0 { return .nothing }
        left = span
        offset = at
        return .slot(self)
    }

    // Blocks of which only a part is to change are read first, which is not for the background: see `BounceBuffer`.
    private static func change(_ offset: UInt64, _ count: UInt64, _ image: ImageFile) -> Start? {
        if image.isReadOnly { return .failed(Errno(code: EROFS, call: "fallocate")) }
        if count == 0 { return .nothing }
        guard offset <= UInt64(Int64.max), count <= UInt64(Int64.max) - offset else {
            return .failed(Errno(code: EINVAL, call: "fallocate"))
        }
        return image.isWhole(offset, count) ? nil : .blocking
    }

    /// Takes the kernel's answer to the current stage.
    @inline(__always)
    mutating func take(_ result: Int32, _ image: ImageFile) -> Step {
        if result == -EINTR || result == -EAGAIN { return .blocking }
        switch stage {
        case .read, .write: return result > 0 ? moved(Int(result), image) : stopped(result, image)
        case .flush: return result < 0 ? .failed(Errno(code: 0 &- result, call: "fdatasync")) : .done
        case .discard: return discarded(result, image)
        case .discardDevice:
            if result >= 0 { return .done }
            // The ioctl tells a kernel that cannot by a ring from a device that cannot at all.
            return result == -EOPNOTSUPP || result == -EINVAL || result == -EACCES
                ? .blocking : .failed(Errno(code: 0 &- result, call: "ioctl BLKDISCARD"))
        case .punch, .zeroRange, .zeros: return zeroed(result, image)
        }
    }

    @inline(__always)
    private mutating func moved(_ bytes: Int, _ image: ImageFile) -> Step {
        offset &+= UInt64(truncatingIfNeeded: bytes)
        left?.consume(bytes)
        guard let rest = left, rest.count > 0 else { return .done }
        // Past the page cache only the end of the file ends a transfer within a block.
        guard offset & UInt64(image.offsetAlignment &- 1) == 0 else { return stopped(0, image) }
        return .more
    }

    private mutating func stopped(_ result: Int32, _ image: ImageFile) -> Step {
        let call: StaticString = stage == .read ? "preadv" : "pwritev"
        if result < 0 { return .failed(Errno(code: 0 &- result, call: call)) }
        guard stage == .read, var rest = left else { return .failed(Errno(code: ENOSPC, call: call)) }
        do throws(Errno) {
            try Transfer.end(of: image, &rest, at: offset)
            return .done
        } catch { return .failed(error) }
    }

    private func discarded(_ result: Int32, _ image: ImageFile) -> Step {
        if result >= 0 { return .done }
        guard ImageFile.isUnsupported(0 &- result) else { return .failed(Errno(code: 0 &- result, call: "fallocate")) }
        image.canPunch.store(false, ordering: .relaxed)
        return .failed(Errno(code: EOPNOTSUPP, call: "fallocate"))
    }

    private mutating func zeroed(_ result: Int32, _ image: ImageFile) -> Step {
        if result < 0 {
            guard stage != .zeros, ImageFile.isUnsupported(0 &- result) else {
                return .failed(Errno(code: 0 &- result, call: stage == .zeros ? "pwritev" : "fallocate"))
            }
            if stage == .punch { image.canPunch.store(false, ordering: .relaxed) }
            if stage == .zeroRange { image.canZeroRange.store(false, ordering: .relaxed) }
            stage = stage == .punch && image.canZeroRange.load(ordering: .relaxed) ? .zeroRange : .zeros
            return .more
        }
        if stage == .zeros {
            guard result > 0 else { return .failed(Errno(code: ENOSPC, call: "pwritev")) }
            offset &+= UInt64(UInt32(bitPattern: result))
            count &-= min(count, UInt64(UInt32(bitPattern: result)))
            if count > 0 { return .more }
        }
        guard isDurable else { return .done }
        stage = .flush
        return .more
    }

    /// What is left of the operation.
    var rest: BlockOperation {
        switch stage {
        case .read, .write:
            guard let left else { return .flush }
            let bytes = UInt64(left.byteCount)
            return stage == .read
                ? .read(left, at: offset, count: bytes) : .write(left, at: offset, count: bytes, durable: isDurable)
        case .flush: return .flush
        case .discard, .discardDevice: return .discard(at: offset, count: count)
        case .punch, .zeroRange, .zeros:
            return .writeZeroes(at: offset, count: count, unmap: mayUnmap, durable: isDurable)
        }
    }
}
