// SPDX-License-Identifier: Apache-2.0

import Bus
import Synchronization

/// Keeps the level of an interrupt pin.
final class RecordedLine: InterruptLine {
    private let level = Atomic<Bool>(false)

    var isAsserted: Bool { level.load(ordering: .acquiring) }
    func set(_ asserted: Bool) { level.store(asserted, ordering: .releasing) }
}
