// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// An eventfd that rings for an engine's own completions and when another engine of the same image has linked its write.
///
/// A ring is told to signal it; nesting the ring in an epoll set loses wake-ups. Files whose completions ring an eventfd
/// already are rung there.
final class SharedWake: Sendable {
    /// The eventfd's number.
    let raw: Int32
    private let own: FileDescriptor
    private let isOwn: Bool

    /// Joins a bell to the completions of files that nothing was submitted to yet.
    /// - Throws: `Errno` of `eventfd`.
    init(_ completions: Int32) throws(Errno) {
        let event = try EventFD().descriptor.duplicate()
        var number = event.raw
        // SAFETY: the call reads one descriptor number.
        isOwn = unsafe clinux_uring_register(completions, UInt32(IORING_REGISTER_EVENTFD), &number, 1) == 0
        raw = isOwn ? number : completions
        own = event
    }

    /// Whether it has rung since it was last asked.
    func hasRung() -> Bool { isOwn && EventFD.drain(raw) > 0 }
}
