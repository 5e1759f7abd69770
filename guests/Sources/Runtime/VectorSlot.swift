// SPDX-License-Identifier: Apache-2.0

import Hardware

/// What ring 0 keeps of one vector on one processor (boot.S, `interrupt`).
public struct VectorSlot {
    private let address: UInt64

    init(address: UInt64) {
        self.address = address
    }

    /// Interrupts taken so far.
    public var count: UInt64 { hw_load64(address) }
    /// Time stamp of the last one.
    public var lastTSC: UInt64 { hw_load64(address + 8) }
    /// The largest distance between two of them, in TSC cycles.
    public var largestGap: UInt64 { hw_load64(address + 16) }

    /// Forgets everything.
    public func reset() {
        for offset in stride(from: UInt64(0), to: 32, by: 8) { hw_store64(address + offset, 0) }
    }

    /// Lets ring 0 rearm the TSC-deadline timer this many cycles after each interrupt; 0 for no more.
    public func rearm(every cycles: UInt64) {
        hw_store64(address + 24, cycles)
    }

    /// Sleeps until an interrupt of any kind unless this slot has moved on from `seen`.
    public func wait(past seen: UInt64) {
        _ = hw_service(UInt64(SERVICE_WAIT), address, seen, 0)
    }
}
