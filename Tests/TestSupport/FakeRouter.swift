// SPDX-License-Identifier: Apache-2.0

public import Bus
import Glibc
public import Linux
import Synchronization

/// A `MessageRouter` without KVM: whoever tests asks it to deliver what is waiting in the attached eventfds.
public final class FakeRouter: MessageRouter {
    private struct State {
        var free: Int
        var next = 0
        var attached: [Int: (event: Int32, message: MSIMessage)] = [:]
        var delivered: [MSIMessage] = []
        var refuses = false
    }

    private let state: Mutex<State>

    /// A router with this many routes.
    public init(routes: Int = 4096) { state = Mutex(State(free: routes)) }

    /// Reserves a route.
    public func reserve() -> Int? {
        state.withLock { state in
            guard state.free > 0 else { return nil }
            state.free -= 1
            state.next += 1
            return state.next
        }
    }

    /// Gives a route back.
    public func release(route: Int) {
        state.withLock { state in
            state.free += 1
            state.attached[route] = nil
        }
    }

    /// Attaches; a waiting signal is delivered at once.
    public func attach(route: Int, event: Int32, message: MSIMessage) throws(Errno) {
        let isRefused = state.withLock { state in
            if !state.refuses { state.attached[route] = (event, message) }
            return state.refuses
        }
        if isRefused { throw Errno(code: ENOMEM, call: "ioctl KVM_IRQFD") }
        deliver()
    }

    /// Detaches, after delivering what came before.
    public func detach(route: Int, event: Int32) {
        deliver()
        state.withLock { $0.attached[route] = nil }
    }

    /// Turns waiting signals of attached eventfds into messages, as the kernel does by itself.
    public func deliver() {
        state.withLock { state in
            for route in state.attached.keys.sorted() {
                guard let entry = state.attached[route] else { continue }
                var count: UInt64 = 0
                if Glibc.read(entry.event, &count, 8) == 8 { state.delivered.append(entry.message) }
            }
        }
    }

    /// Takes all messages delivered so far.
    public func takeDelivered() -> [MSIMessage] {
        deliver()
        return state.withLock { state in
            defer { state.delivered = [] }
            return state.delivered
        }
    }

    /// Routes not reserved.
    public var freeRoutes: Int { state.withLock { $0.free } }

    /// How many eventfds are attached.
    public var attachedCount: Int { state.withLock { $0.attached.count } }

    /// Makes `attach` fail, or work again.
    public func refuse(_ on: Bool) { state.withLock { $0.refuses = on } }
}
