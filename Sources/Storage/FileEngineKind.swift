// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Who carries a disk's operations out.
public enum FileEngineKind: String, Sendable, CaseIterable {
    /// The kernel in the background, through an io_uring a queue.
    case ring
    /// A pool of threads that wait.
    case pool
    /// The queue's own thread, one operation at a time.
    case blocking

    /// The kind to use on this host: what was asked for, or the best there is. A host that forbids io_uring, as containers
    /// often do, gets the pool; ask before the sandbox closes, which may forbid it as well.
    /// - Returns: the kind, and why it is not a ring when the host forbids one.
    public static func choose(_ wish: FileEngineKind? = nil) -> (kind: FileEngineKind, note: String?) {
        if let wish, wish != .ring { return (wish, nil) }
        do throws(Errno) {
            try RingFiles.probe()
            return (.ring, nil)
        } catch {
            return (.pool, "io_uring cannot be used (\(error)); requests go through a pool of threads")
        }
    }
}
