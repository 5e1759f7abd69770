// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestAgent
import Linux
import Testing

/// A real qemu-ga on this machine, in a mount namespace with a home and an /etc of its own, and without the commands
/// that would reach what is not in it.
final class RealAgent {
    static let path = "/usr/sbin/qemu-ga"
    static var isAvailable: Bool { geteuid() == 0 && access(path, X_OK) == 0 }

    let client: GuestAgent
    let directory: String
    private var process: ChildProcess

    struct NotThere: Error {}

    init(credentials: (String) throws -> [AgentCredential] = { _ in [] }) throws {
        var template = Array("/tmp/apus-agent-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        self.directory = directory
        let blocked =
            "guest-shutdown,guest-set-time,guest-fsfreeze-freeze,guest-fsfreeze-thaw,guest-suspend-ram,"
            + "guest-suspend-disk,guest-suspend-hybrid,guest-fstrim,guest-set-vcpus,guest-set-memory-blocks"
        let script = """
            mount -t tmpfs tmpfs /root && mkdir -p \(directory)/etc && cp -a /etc/. \(directory)/etc \
            && mount --bind \(directory)/etc /etc \
            && exec \(Self.path) -m unix-listen -p \(directory)/socket -t \(directory) -f \(directory)/pid -b \(blocked)
            """
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        process = try ChildProcess(
            "/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script],
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            passing: [.init(null.raw, as: 0), .init(null.raw, as: 1), .init(null.raw, as: 2)])
        var socket: FileDescriptor?
        for _ in 0..<600 {
            if let connected = try? UnixSocket.connect("\(directory)/socket") {
                socket = connected.release()
                break
            }
            usleep(100_000)
        }
        guard let socket else { throw NotThere() }
        client = try GuestAgent(socket, credentials: try credentials(directory))
        client.setChannel(isOpen: true)
    }

    deinit {
        process.signal(SIGKILL)
        _ = process.end(waiting: true)
        if let remove = try? ChildProcess("/bin/rm", ["-rf", directory], environment: [], passing: []) {
            var remove = remove
            _ = remove.end(waiting: true)
        }
    }

    /// Serves the client as an event loop does, until something holds; false after a minute.
    func wait(until isDone: () -> Bool) -> Bool {
        let end = Clock.monotonic + 60_000_000_000
        while !isDone() {
            let now = Clock.monotonic
            guard now < end else { return false }
            let left = client.deadline.map { $0 > now ? Int32(clamping: ($0 - now) / 1_000_000 + 1) : 0 } ?? 100
            var events = client.wantsRead ? POLLIN : 0
            if client.wantsWrite { events |= POLLOUT }
            var wait = pollfd(fd: client.descriptor, events: Int16(events), revents: 0)
            poll(&wait, 1, min(left, 100))
            client.serve()
        }
        return true
    }

    /// What a call brings.
    func result<T>(_ call: (@escaping (Result<T, AgentError>) -> Void) -> Void) throws -> T {
        var result: Result<T, AgentError>?
        call { result = $0 }
        guard wait(until: { result != nil }), let result else { throw NotThere() }
        return try result.get()
    }

    /// What a shell in the agent's namespace prints.
    func shell(_ command: String) throws -> String {
        let ended = try result { client.execute("/bin/sh", ["-c", command], timeout: 60_000_000_000, completion: $0) }
        return String(decoding: ended.output, as: UTF8.self)
    }
}
