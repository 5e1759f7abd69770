// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// What a balloon and its worker's thread share.
final class BalloonShared: Sendable {
    let metrics = BalloonMetrics()
    let statistics = Mutex<BalloonStatistics>(BalloonStatistics())
    /// Fires when the next statistics are to be asked for.
    let timer: Timer
    /// Nanoseconds between two askings; 0 never asks.
    let period: UInt64
    /// Whether the host takes pages back.
    let discards: Bool

    init(period: UInt64, discards: Bool) throws(Errno) {
        timer = try Timer()
        self.period = period
        self.discards = discards
    }
}
