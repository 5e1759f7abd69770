// SPDX-License-Identifier: Apache-2.0

internal import Bus
internal import KVM
internal import Linux

/// Doorbells as ioeventfds: a driver's notification ends in the kernel and wakes the queue's thread.
final class Doorbells: DoorbellRegistry {
    private let shared: SharedVM

    init(_ shared: SharedVM) { self.shared = shared }

    func attach(_ doorbell: Doorbell, event: Int32) throws(Errno) {
        try shared.vm.setDoorbell(
            address: doorbell.address, size: doorbell.size, value: doorbell.value, event: event, attached: true)
    }

    func detach(_ doorbell: Doorbell, event: Int32) {
        try? shared.vm.setDoorbell(
            address: doorbell.address, size: doorbell.size, value: doorbell.value, event: event, attached: false)
    }
}
