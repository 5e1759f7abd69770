// SPDX-License-Identifier: Apache-2.0

import Network
import Synchronization

/// What all threads of a card know: its state, and what of it the hot paths look at.
final class NetShared: Sendable {
    let state: Mutex<NetState>
    private let initial: NetState
    /// The cable is plugged in.
    let isUp: Atomic<Bool>
    /// Pairs in use.
    let pairs = Atomic<Int>(1)
    /// The bytes a receiver wants at hand for the longest frame that the offloads allow.
    let longestFrame = Atomic<Int>(FrameLimits.largestBytes)
    /// The kernel's vhost notes its writes.
    let logsWrites = Atomic<Bool>(false)
    let receiveThrottle: FrameThrottle?
    let transmitThrottle: FrameThrottle?

    init(_ initial: NetState, receiving: FrameRate?, sending: FrameRate?) {
        self.initial = initial
        state = Mutex(initial)
        isUp = Atomic(initial.isUp)
        receiveThrottle = receiving.map { FrameThrottle($0) }
        transmitThrottle = sending.map { FrameThrottle($0) }
    }

    /// Forgets what the driver said; the cable stays.
    func forgetDriver() {
        state.withLock { state in
            var fresh = initial
            fresh.isUp = state.isUp
            state = fresh
        }
    }
}
