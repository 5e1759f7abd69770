// SPDX-License-Identifier: Apache-2.0

internal import Bus
import Glibc
internal import KVM
internal import Linux
import Synchronization

/// Message-signalled interrupts through the kernel's routing table and irqfds.
final class InterruptRoutes: MessageRouter {
    private struct Table {
        var messages: [MSIMessage?]
        var reserved: Set<Int> = []
    }

    private let shared: SharedVM
    private let table: Mutex<Table>
    // The IOAPIC's 24 pins come first.
    private static let firstGSI = 24

    /// Installs the PC's standard wiring, with room for `capacity` messages.
    /// - Throws: `Errno` of KVM_SET_GSI_ROUTING.
    init(_ shared: SharedVM, capacity: Int) throws(Errno) {
        self.shared = shared
        table = Mutex(Table(messages: Array(repeating: nil, count: capacity)))
        try shared.vm.setRoutes(InterruptRoute.standard)
    }

    func reserve() -> Int? {
        table.withLock { t in
            guard let free = t.messages.indices.first(where: { !t.reserved.contains($0) }) else { return nil }
            t.reserved.insert(free)
            return free
        }
    }

    func release(route: Int) {
        table.withLock { t in
            guard t.reserved.remove(route) != nil else { return }
            t.messages[route] = nil
        }
    }

    func attach(route: Int, event: Int32, message: MSIMessage) throws(Errno) {
        let failure: Errno? = table.withLock { t in
            do throws(Errno) {
                guard t.reserved.contains(route) else { throw Errno(code: EINVAL, call: "KVM_IRQFD") }
                if t.messages[route] != message {
                    t.messages[route] = message
                    try shared.vm.setRoutes(InterruptRoutes.entries(t.messages))
                }
                try shared.vm.attachInterrupt(gsi: InterruptRoutes.gsi(route), event: event)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    func detach(route: Int, event: Int32) {
        // Nothing is lost when the kernel has no such irqfd: the signals stay in the eventfd either way.
        try? shared.vm.detachInterrupt(gsi: InterruptRoutes.gsi(route), event: event)
    }

    private static func gsi(_ route: Int) -> UInt32 { UInt32(firstGSI + route) }

    private static func entries(_ messages: [MSIMessage?]) -> [InterruptRoute] {
        var all = InterruptRoute.standard
        for (route, message) in messages.enumerated() {
            if let message { all.append(.message(gsi: gsi(route), address: message.address, data: message.data)) }
        }
        return all
    }
}
