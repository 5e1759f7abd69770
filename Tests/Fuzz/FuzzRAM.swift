// SPDX-License-Identifier: Apache-2.0

import GuestMemory

/// The megabyte that the ring targets use again and again.
final class FuzzRAM: Sendable {
    let ram: GuestRAM

    init() {
        do { ram = try GuestRAM(layout: RAMLayout(bytes: RingScript.ramBytes), tracksWrites: true) } catch {
            fatalError("\(error)")
        }
    }

    /// All zeros, as a new guest finds it.
    func cleared() -> GuestMemory {
        do { try ram.memory.clear(at: GuestAddress(0), count: Int(RingScript.ramBytes)) } catch {
            fatalError("\(error)")
        }
        return ram.memory
    }
}
