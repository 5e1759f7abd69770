// SPDX-License-Identifier: Apache-2.0

import Hardware

/// A lock between processors, for the few places where they share a device or the heap.
struct SpinLock {
    private var held: UInt64 = 0

    mutating func acquire() {
        withUnsafeMutablePointer(to: &held) { word in
            let address = UInt64(UInt(bitPattern: word))
            while hw_exchange64(address, 1) != 0 { hw_pause() }
        }
    }

    mutating func release() {
        withUnsafeMutablePointer(to: &held) { hw_store64(UInt64(UInt(bitPattern: $0)), 0) }
    }
}
