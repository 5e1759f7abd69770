// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a socket device's worker and its owner both look at.
final class VsockShared: Sendable {
    /// The driver is to be told that all connections are gone.
    let owesReset = Atomic<Bool>(false)
    /// The kernel is to note the pages that it writes.
    let logsWrites = Atomic<Bool>(false)
    let metrics = VsockMetrics()
}
