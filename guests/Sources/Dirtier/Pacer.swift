// SPDX-License-Identifier: Apache-2.0

import Runtime

/// Holds a processor to its rate by sleeping when it is ahead.
struct Pacer {
    private let clock: Clock
    private let timer: Timer
    private let bytesPerSecond: UInt64

    init(_ clock: Clock, _ timer: Timer, bytesPerSecond: UInt64) {
        self.clock = clock
        self.timer = timer
        self.bytesPerSecond = bytesPerSecond
    }

    /// Sleeps a millisecond at a time while `pages` is more than the rate allows by now.
    func wait(_ processor: Processor, pages: UInt64, since begin: UInt64) {
        guard bytesPerSecond > 0 else { return }
        let slot = processor.slot(timer.vector)
        while pages * 4096 * 1000 / bytesPerSecond > clock.milliseconds(since: begin) {
            let seen = slot.count
            _ = timer.startOnce(on: processor, milliseconds: 1)
            while slot.count == seen { slot.wait(past: seen) }
        }
    }
}
