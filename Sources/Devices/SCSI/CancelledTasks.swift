// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Parked requests that are to be answered instead of tried again.
final class CancelledTasks: Sendable {
    /// Requests of one unit: all of them, or the one with this name.
    struct Selection {
        var unit: Int
        var id: UInt64?
        var response: SCSIResponse
    }

    private let all = Mutex<[Selection]>([])

    func add(_ selection: Selection) { all.withLock { $0.append(selection) } }

    /// Takes all of them.
    func take() -> [Selection] {
        all.withLock { all in
            defer { all = [] }
            return all
        }
    }
}
