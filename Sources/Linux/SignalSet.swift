// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// Signals taken synchronously through a descriptor instead of by a handler, see `signalfd(2)`.
public struct SignalSet: ~Copyable, Sendable {
    /// Readable when one of the signals is pending.
    public let descriptor: FileDescriptor

    /// Blocks these signals in the calling thread (and those it starts later) and opens a descriptor for them.
    /// - Throws: `Errno` of `signalfd`.
    public init(_ signals: [Int32]) throws(Errno) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for s in signals { unsafe sigaddset(&set, s) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = FileDescriptor(owning: Int32(try Errno.check(unsafe clinux_signalfd(&set), "signalfd")))
    }

    /// The next pending signal's number, or nil.
    public borrowing func next() -> Int32? {
        // SAFETY: struct signalfd_siginfo is 128 bytes and starts with the signal number.
        unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { p in
            guard unsafe clinux_read(descriptor.raw, p.baseAddress, 128) == 128 else { return nil }
            return Int32(bitPattern: unsafe p.load(as: UInt32.self))
        }
    }

    /// Makes writes to a closed pipe or socket an error instead of a death.
    public static func ignoreBrokenPipes() { _ = clinux_ignore_signal(SIGPIPE) }
}
