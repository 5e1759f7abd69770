// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A number that one thread leaves for another.
final class Outcome: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .acquiring) }
    func set(_ value: Int) { number.store(value, ordering: .releasing) }
}
