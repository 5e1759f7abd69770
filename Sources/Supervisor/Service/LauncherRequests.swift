// SPDX-License-Identifier: Apache-2.0

import Control

/// What was asked of the launcher and not answered yet.
struct LauncherRequests {
    /// What is done with an answer; nil stands for one that did not come in time.
    typealias Completion = (ControlReply?) -> Void

    private var waiting: [UInt64: (completion: Completion, alarm: UInt64)] = [:]

    /// Most requests at a time.
    static let most = 128

    /// Whether one more would be too many.
    var isFull: Bool { waiting.count >= Self.most }

    /// Remembers who waits for the answer of that number.
    mutating func add(_ id: UInt64, alarm: UInt64, _ completion: @escaping Completion) {
        waiting[id] = (completion, alarm)
    }

    /// Hands out who waits, once, and the alarm that is to be cancelled.
    mutating func take(_ id: UInt64) -> (completion: Completion, alarm: UInt64)? {
        waiting.removeValue(forKey: id)
    }

    /// Hands out all who wait.
    mutating func takeAll() -> [(completion: Completion, alarm: UInt64)] {
        defer { waiting = [:] }
        return Array(waiting.values)
    }
}
