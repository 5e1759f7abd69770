// SPDX-License-Identifier: Apache-2.0

import CTestSupport
import Glibc
import Linux
import Synchronization
import Testing
import VMISpec

@testable import PodNetwork

/// A pod's network in a namespace, served by a loop as the supervisor serves it, until `end`.
final class RunningPod: Sendable {
    /// What became of the interfaces.
    let interfaces: [ConnectedInterface]
    private let queues: Mutex<[[Int32]]>
    private let stop: EventFD
    private let ended: EventFD

    /// Prepares the network and starts serving.
    /// - Parameters:
    ///   - cleanUp: false leaves everything as a supervisor that was killed would.
    ///   - user: acts as this user with no capability but NET_BIND_SERVICE.
    ///   - keepsPorts: false takes that capability away too.
    init(
        _ instance: VirtualMachineInstance, in namespace: NetworkNamespace, _ options: PodNetworkOptions,
        cleanUp: Bool = true, asUser user: UInt32? = nil, keepsPorts: Bool = true
    ) throws {
        stop = try EventFD()
        ended = try EventFD()
        let ready = try EventFD()
        let shared = Shared()
        let (stopping, done, prepared) = (stop.raw, ended.raw, ready.raw)
        _ = try OSThread(name: "pod", stackBytes: 1 << 20) {
            defer { EventFD.signal(done) }
            do {
                try namespace.enter()
                if let user {
                    try Errno.check(ctest_become(user, keepsPorts ? 1 << 10 : 0), "become")
                }
                let network = try PodNetwork.prepare(instance, options)
                shared.state.withLock { state in
                    state.interfaces = network.interfaces
                    state.queues = network.interfaces.indices.map { place in
                        (0..<network.interfaces[place].queuePairs).compactMap { queue in
                            network.takeTap(interface: place, queue: queue)?.release()
                        }
                    }
                }
                EventFD.signal(prepared)
                Self.serve(network.service, until: stopping)
                if cleanUp {
                    let problems = network.cleanUp()
                    shared.state.withLock { $0.problems = problems }
                } else {
                    network.forget()
                }
            } catch {
                shared.state.withLock { $0.failure = error }
                EventFD.signal(prepared)
            }
        }
        var waited = pollfd(fd: ready.raw, events: Int16(POLLIN), revents: 0)
        poll(&waited, 1, -1)
        let state = shared.state.withLock { $0 }
        queues = Mutex(state.queues)
        interfaces = state.interfaces
        self.shared = shared
        if let failure = state.failure { throw failure }
    }

    private let shared: Shared

    private final class Shared: Sendable {
        struct State {
            var interfaces: [ConnectedInterface] = []
            var queues: [[Int32]] = []
            var problems: [String] = []
            var failure: (any Error)?
        }
        let state = Mutex(State())
    }

    /// A queue's descriptor, once.
    func queue(_ interface: Int = 0, _ queue: Int = 0) -> FileDescriptor {
        FileDescriptor(
            owning: queues.withLock { queues in
                let raw = queues[interface][queue]
                queues[interface][queue] = -1
                return raw
            })
    }

    /// Ends the service and cleans up; says what could not be undone.
    @discardableResult
    func end() -> [String] {
        stop.signal()
        var waited = pollfd(fd: ended.raw, events: Int16(POLLIN), revents: 0)
        poll(&waited, 1, -1)
        let left = queues.withLock { queues in
            defer { queues = [] }
            return queues.joined().filter { $0 >= 0 }
        }
        for raw in left { close(raw) }
        return shared.state.withLock { $0.problems }
    }

    deinit { end() }

    private static func serve(_ service: PodNetworkService, until stop: Int32) {
        var polled = [service.descriptor, stop].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while polled[1].revents == 0 {
            guard poll(&polled, 2, -1) >= 0 || errno == EINTR else { return }
            service.serve()
        }
    }
}
