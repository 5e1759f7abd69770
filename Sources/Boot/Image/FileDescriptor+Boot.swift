// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux

extension FileDescriptor {
    /// The size of a boot file in bytes, at least one.
    /// - Throws: `BootError` unless this is a regular file with content.
    borrowing func bootFileBytes(_ file: BootError.File) throws(BootError) -> UInt64 {
        let status: FileStatus
        do throws(Errno) { status = try self.status() } catch { throw .unreadable(file, error) }
        guard status.kind == .regular else { throw .notRegular(file) }
        // A size beyond what pread can address cannot occur on Linux; were it to, the file is unreadable to us.
        guard status.bytes > 0 else { throw .empty(file) }
        guard status.bytes <= UInt64(Int64.max) else { throw .notRegular(file) }
        return status.bytes
    }

    /// A copy of `count` bytes at `offset`.
    /// - Throws: `BootError.truncated` where the file ends before.
    borrowing func bootBytes(_ file: BootError.File, at offset: UInt64, count: Int) throws(BootError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var result = 0
        // SAFETY: the array is exclusively ours and as long as the buffer says.
        let failure: Errno? = unsafe bytes.withUnsafeMutableBytes { buffer in
            do throws(Errno) {
                result = try unsafe read(into: buffer, at: Int64(clamping: offset))
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw .unreadable(file, failure) }
        guard result == count else {
            throw .truncated(file, promised: offset &+ UInt64(count), actual: offset &+ UInt64(result))
        }
        return bytes
    }

    /// Reads `count` bytes at `offset` straight into guest memory.
    /// - Throws: `BootError` when the range is not RAM or the file ends before.
    borrowing func loadBootBytes(
        _ file: BootError.File, at offset: UInt64, count: UInt64, into memory: GuestMemory, at address: UInt64
    ) throws(BootError) {
        guard let size = Int(exactly: count) else {
            throw .truncated(file, promised: count, actual: offset)
        }
        let result: Int
        do {
            // SAFETY: `bytes` checked that the whole buffer is guest RAM, which outlives this call.
            let target = try unsafe memory.bytes(at: GuestAddress(address), count: size)
            result = try unsafe read(into: target, at: Int64(clamping: offset))
        } catch let error as Errno {
            throw .unreadable(file, error)
        } catch {
            throw .doesNotFit(file, at: address, count: count, memory: memory.layout)
        }
        memory.markDirty(GuestAddress(address), count: result)
        guard result == size else {
            throw .truncated(file, promised: offset &+ count, actual: offset &+ UInt64(result))
        }
    }
}

extension BootError {
    /// The error for a range that is not guest RAM.
    static func doesNotFit(_ file: File, at address: UInt64, count: UInt64, memory: RAMLayout) -> BootError {
        switch file {
        case .kernel:
            .kernelDoesNotFit(start: address, end: address.addingSaturated(count), memory: memory.bytes)
        case .initrd: .initrdDoesNotFit(bytes: count, below: memory.end, memory: memory.bytes)
        }
    }
}

extension UInt64 {
    /// The sum, or the greatest number where it would overflow.
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// Rounded up to a multiple of a power of two, or nil where that overflows.
    func roundedUp(to alignment: UInt64) -> UInt64? {
        let (sum, overflow) = addingReportingOverflow(alignment &- 1)
        return overflow ? nil : sum & ~(alignment &- 1)
    }
}
