// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a machine counts about itself.
final class LifeCycleCounters: Sendable {
    private let resetCount = Atomic<UInt64>(0)

    var resets: UInt64 { resetCount.load(ordering: .relaxed) }
    func countReset() { resetCount.wrappingAdd(1, ordering: .relaxed) }
}
