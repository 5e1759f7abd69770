// SPDX-License-Identifier: Apache-2.0

import HTTP
import Linux

/// Takes connections to the API and keeps their number in bounds.
final class APIServer {
    private let loop: EventLoop
    private let listener: UnixSocket
    private let limits: APILimits
    private var token: UInt64 = 0
    private var connections: [ObjectIdentifier: APIConnection] = [:]

    /// Is given each request with the connection that waits for its answer.
    var onRequest: (HTTPRequest, APIConnection) -> Void = { _, _ in }
    /// Is called when an owner's connection ended.
    var onOwnerEnd: () -> Void = {}

    /// Takes over a listening socket.
    /// - Throws: `Errno` of `fcntl` or `epoll_ctl`.
    init(_ listener: consuming UnixSocket, loop: EventLoop, limits: APILimits = APILimits()) throws(Errno) {
        try listener.descriptor.setNonblocking()
        self.listener = listener
        self.loop = loop
        self.limits = limits
        token = try loop.watch(self.listener.descriptor.raw) { [weak self] _ in self?.accept() }
    }

    deinit { loop.forget(token) }

    /// Takes a connected socket.
    /// - Parameter isOwner: its end is a request to stop.
    func adopt(_ socket: consuming FileDescriptor, isOwner: Bool) {
        guard makeRoom() || isOwner, (try? socket.setNonblocking()) != nil,
            let connection = try? APIConnection(socket, loop: loop, limits: limits, isOwner: isOwner)
        else { return }
        let id = ObjectIdentifier(connection)
        connections[id] = connection
        connection.onRequest = { [weak self, unowned connection] in self?.onRequest($0, connection) }
        connection.onEnd = { [weak self, weak connection] in
            self?.connections[id] = nil
            if connection?.isOwner == true { self?.onOwnerEnd() }
        }
    }

    /// Whether one more event stream or console is too many.
    func isFull(besides others: Int) -> Bool {
        others + connections.values.count { $0.phase == .streaming } >= limits.streams
    }

    /// The connections whose answers last.
    var streams: [APIConnection] { connections.values.filter { $0.phase == .streaming } }

    /// The number of connections.
    var count: Int { connections.count }

    /// Lets no connection end the instance any more by its own end.
    func forgetOwners() {
        for connection in connections.values { connection.isOwner = false }
    }

    /// Sends everybody what waits for him and hangs up.
    func finish(within nanoseconds: UInt64) {
        loop.forget(token)
        let deadline = Clock.monotonic &+ nanoseconds
        for connection in connections.values {
            let now = Clock.monotonic
            connection.finish(within: deadline > now ? deadline - now : 0)
        }
    }

    private func accept() {
        // A flood of clients must not keep this thread from its other work.
        for _ in 0..<16 {
            do throws(Errno) {
                guard let socket = try listener.accept() else { return }
                adopt(socket, isOwner: false)
            } catch {
                // Out of descriptors or memory: the client stays where it is, and would wake us at once.
                loop.change(token, [])
                _ = loop.after(nanoseconds: 1_000_000_000) { [weak self] in
                    if let self { loop.change(token, .readable) }
                }
                return
            }
        }
    }

    /// Whether there is room for one more, after the one that was idle longest had to make it.
    private func makeRoom() -> Bool {
        guard connections.count >= limits.connections else { return true }
        connections.values.filter(\.isIdle).min { $0.lastUse < $1.lastUse }?.end()
        return connections.count < limits.connections
    }
}
