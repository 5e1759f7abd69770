// SPDX-License-Identifier: Apache-2.0

import Devices
import Synchronization

/// Clocks that stand where a test puts them.
final class SetTime: TimeSource {
    private let now: Atomic<UInt64>
    private let wall: Atomic<UInt64>

    init(monotonic: UInt64 = 0, realtime: UInt64 = 0) {
        now = Atomic(monotonic)
        wall = Atomic(realtime)
    }

    var monotonic: UInt64 { now.load(ordering: .relaxed) }
    var realtime: UInt64 { wall.load(ordering: .relaxed) }

    /// Both clocks go on.
    func advance(_ nanoseconds: UInt64) {
        now.wrappingAdd(nanoseconds, ordering: .relaxed)
        wall.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    /// Somebody sets the wall clock.
    func setRealtime(_ nanoseconds: UInt64) { wall.store(nanoseconds, ordering: .relaxed) }
}
