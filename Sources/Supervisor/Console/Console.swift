// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The guest's serial console: its output goes to a log and to everybody who looks, the input comes from one.
///
/// The newest client that may write is the one that does; those before it go on as readers, and write again when it is
/// gone. (KubeVirt's clients expect a new one to take over, and hang the old one up.) A new client starts with the last
/// 64 KiB; one that is further behind than that goes on at the oldest byte. The guest never waits for a client.
final class Console {
    /// Most clients at a time.
    static let mostClients = 32

    /// The socket that clients connect to.
    let path: String
    private let loop: EventLoop
    private let hub: FileDescriptor
    private let listener: UnixSocket
    private var hubToken: UInt64 = 0
    private var listenerToken: UInt64 = 0
    private var hubEnded = false
    private var history = ConsoleHistory()
    private var log: ConsoleLog?
    private var input = OutputQueue()
    /// In the order they came.
    private var clients: [ConsoleClient] = []

    /// Takes over the launcher's side of the console and the socket that clients connect to.
    /// - Throws: `Errno`.
    init(
        hub: consuming FileDescriptor, listener: consuming UnixSocket, path: String, log: String?, loop: EventLoop
    ) throws(Errno) {
        try hub.setNonblocking()
        try listener.descriptor.setNonblocking()
        self.hub = hub
        self.listener = listener
        self.path = path
        self.loop = loop
        if let log { self.log = try ConsoleLog(log) }
        hubToken = try loop.watch(self.hub.raw) { [weak self] _ in self?.serveHub() }
        listenerToken = try loop.watch(self.listener.descriptor.raw) { [weak self] _ in self?.accept() }
    }

    deinit {
        loop.forget(hubToken)
        loop.forget(listenerToken)
        for client in clients { loop.forget(client.token) }
    }

    /// The number of clients.
    var count: Int { clients.count }

    /// Takes a connected socket as a client.
    /// - Parameter rest: what it has sent already.
    func adopt(_ socket: consuming FileDescriptor, mayWrite: Bool, rest: [UInt8] = []) {
        guard clients.count < Self.mostClients, (try? socket.setNonblocking()) != nil else { return }
        let client = ConsoleClient(socket, mayWrite: mayWrite)
        guard
            let token = try? loop.watch(
                client.socket.raw, [.readable, .writable],
                { [weak self, weak client] in
                    if let client { self?.serve(client, $0) }
                })
        else { return }
        client.token = token
        clients.append(client)
        if mayWrite, !rest.isEmpty { type(rest[...]) }
        updateInterest()
    }

    /// Hands out the last output, within a second, and hangs up.
    func finish() {
        let deadline = Clock.monotonic &+ 1_000_000_000
        while !hubEnded, readHub() {}
        while clients.contains(where: { $0.place < history.end }), Clock.monotonic < deadline {
            for client in clients { write(to: client) }
            var entries = clients.filter { $0.place < history.end }.map {
                pollfd(fd: $0.socket.raw, events: Int16(POLLOUT), revents: 0)
            }
            if !entries.isEmpty { poll(&entries, nfds_t(entries.count), 100) }
        }
        for client in clients { drop(client) }
        unlink(path)
    }

    private var writer: ConsoleClient? { clients.last { $0.mayWrite && !$0.inputEnded } }

    private func accept() {
        while let socket = try? listener.accept() { adopt(socket, mayWrite: true) }
    }

    private func serveHub() {
        if !hubEnded { _ = readHub() }
        if input.send(to: hub.raw) == .failed { input = OutputQueue() }
        for client in clients { write(to: client) }
        updateInterest()
    }

    /// Whether there was something.
    private func readHub() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = chunk.withUnsafeMutableBytes { Glibc.read(hub.raw, $0.baseAddress, $0.count) }
        if count > 0 {
            history.append(chunk[..<count])
            log?.write(chunk[..<count])
            return true
        }
        if count == 0 || (errno != EAGAIN && errno != EINTR) {
            hubEnded = true
            loop.forget(hubToken)
        }
        return false
    }

    private func serve(_ client: ConsoleClient, _ readiness: Readiness) {
        if !client.inputEnded, !readiness.isDisjoint(with: [.readable, .closed, .failed]) { read(from: client) }
        if !readiness.isDisjoint(with: [.closed, .failed]), client.inputEnded { return drop(client) }
        write(to: client)
        updateInterest()
    }

    private func read(from client: ConsoleClient) {
        var chunk = [UInt8](repeating: 0, count: 1024)
        let count = chunk.withUnsafeMutableBytes { Glibc.read(client.socket.raw, $0.baseAddress, $0.count) }
        if count > 0 {
            if client === writer { type(chunk[..<count]) }
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            client.inputEnded = true
        }
    }

    private func type(_ bytes: ArraySlice<UInt8>) {
        guard !hubEnded else { return }
        input.append(bytes)
        if input.send(to: hub.raw) == .failed { input = OutputQueue() }
    }

    private func write(to client: ConsoleClient) {
        while client.place < history.end {
            let next = history.read(from: client.place, limit: 16_384)
            let count = next.bytes.withUnsafeBytes {
                send(client.socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0, errno == EAGAIN { return }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return drop(client) }
            client.place = next.start + UInt64(count)
        }
    }

    /// Reads nothing more of the one who types while the guest takes nothing.
    private func updateInterest() {
        if !hubEnded { loop.change(hubToken, input.count > 0 ? [.readable, .writable] : .readable) }
        let typist = writer
        for client in clients {
            var interest: Readiness = client.place < history.end ? .writable : []
            if !client.inputEnded, client !== typist || input.count < 4096 { interest.insert(.readable) }
            loop.change(client.token, interest)
        }
    }

    private func drop(_ client: ConsoleClient) {
        loop.forget(client.token)
        clients.removeAll { $0 === client }
    }
}
