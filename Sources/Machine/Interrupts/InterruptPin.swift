// SPDX-License-Identifier: Apache-2.0

internal import Bus
internal import KVM

/// A level-triggered pin of the in-kernel IOAPIC.
final class InterruptPin: InterruptLine {
    private let shared: SharedVM
    private let gsi: UInt32

    init(_ shared: SharedVM, gsi: UInt32) {
        self.shared = shared
        self.gsi = gsi
    }

    func set(_ asserted: Bool) {
        // The only way to fail is a pin that does not exist.
        try? shared.vm.setLine(gsi: gsi, asserted)
    }
}
