// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Where the guest's entropy comes from.
public enum EntropySource: ~Copyable, Sendable {
    /// The kernel's own generator, `getrandom(2)`.
    case kernel
    /// A descriptor such as /dev/hwrng; when it ends or fails, the kernel's generator takes over for that request.
    case descriptor(FileDescriptor)

    /// Fills the buffer.
    /// - Throws: `Errno` of `getrandom`.
    borrowing func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
        var done = 0
        switch self {
        case .kernel: break
        case .descriptor(let file):
            // SAFETY: `done` stays within the buffer.
            while done < buffer.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                guard let count = unsafe try? file.read(into: rest), count > 0 else { break }
                done &+= count
            }
        }
        guard done < buffer.count else { return }
        unsafe try Random.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
    }
}
