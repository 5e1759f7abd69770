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
