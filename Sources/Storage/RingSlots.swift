// SPDX-License-Identifier: Apache-2.0

/// Owns the slots of a ring's operations, at one address for its life.
@safe
struct RingSlots: ~Copyable, @unchecked Sendable {
    let base: UnsafeMutablePointer<RingSlot>

    init(count: Int) {
        unsafe base = .allocate(capacity: count)
        unsafe base.initialize(repeating: RingSlot(), count: count)
    }

    deinit { unsafe base.deallocate() }
}
