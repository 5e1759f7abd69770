// SPDX-License-Identifier: Apache-2.0

import Linux
import Machine

/// A machine that a disk's error has paused, until somebody or the host's free space lets it go on.
struct DiskWait {
    /// How often a full host is looked at again, in milliseconds.
    private static let interval: Int32 = 1000
    private(set) var isWaiting = false
    private var nextLook: UInt64 = 0

    /// Pauses a machine that a disk asked to be stopped; false when nothing waits any more, and the machine is as before.
    mutating func stop(_ machine: Machine) -> Bool {
        let wasPaused = machine.isPaused
        machine.pause()
        if machine.parkedRequests == 0 {
            // What failed was tried again meanwhile, and went well.
            if !wasPaused { machine.resume() }
            return false
        }
        if !wasPaused { isWaiting = true }
        nextLook = Clock.monotonic + UInt64(DiskWait.interval) * 1_000_000
        return true
    }

    /// Somebody else decides from now on when the machine goes on.
    mutating func end() { isWaiting = false }

    /// How long a loop may wait for other things, in milliseconds; -1 for ever.
    func patience(_ machine: Machine?) -> Int32 {
        guard isWaiting, machine?.waitsForSpace == true else { return -1 }
        let now = Clock.monotonic
        return now >= nextLook ? 0 : Int32(clamping: (nextLook - now) / 1_000_000 + 1)
    }

    /// Tries again when it is time to; true when the machine can go on.
    mutating func look(_ machine: Machine?) -> Bool {
        guard let machine, isWaiting, machine.waitsForSpace, Clock.monotonic >= nextLook else { return false }
        nextLook = Clock.monotonic + UInt64(DiskWait.interval) * 1_000_000
        guard machine.retryDisks() else { return false }
        isWaiting = false
        return true
    }
}
