// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import GuestAgent
import Linux
import PodNetwork
import VMISpec

/// One instance from the start of its launcher to its end: a single thread that waits for the launcher, its clients,
/// signals and a timer.
public final class Supervision {
    let instance: VirtualMachineInstance
    let document: JSONValue
    let directory: RuntimeDirectory
    var launcher: Launcher
    let watch: Epoll
    let signals: SignalSet
    let timer: Timer
    private let listener: UnixSocket
    /// The guest's agent, which may or may not be there.
    let agent: GuestAgent
    let agentTimer: Timer
    var agentInterest: Readiness = .readable
    /// When the agent's timer fires, nil for never.
    var agentDeadline: UInt64?
    var journal: Journal
    /// The interfaces as they reach the guest, and what answers it there.
    let network: GuestNetwork
    let launcherID: Int32

    /// What a launcher's end is told by, once both its socket and its process are done.
    var processEnd: ChildProcess.End?
    var channelFailure: String?
    var channelEnded = false
    private var channelInterest: Readiness = .readable
    var clients: [UInt64: Client] = [:]
    private var nextToken = Token.firstClient
    /// The clients that wait for the launcher's answer, by its request.
    var waiting: [UInt64: UInt64] = [:]

    // What is known of the machine.
    var report: StartReport?
    var startedAt: UInt64 = 0
    var isPaused = false
    var resets: UInt64 = 0
    var hasPanicked = false
    var stopping = Stopping.not
    var outcome: Outcome?

    /// How far a stop has come.
    enum Stopping: Equatable { case not, graceful, forced, killed }

    enum Token {
        static let channel: UInt64 = 1
        static let process: UInt64 = 2
        static let output: UInt64 = 3
        static let signals: UInt64 = 4
        static let timer: UInt64 = 5
        static let listener: UInt64 = 6
        static let agent: UInt64 = 7
        static let agentTimer: UInt64 = 8
        static let network: UInt64 = 9
        static let firstClient: UInt64 = 1000
    }

    /// Most clients at a time; more are turned away.
    private static let mostClients = 32

    private init(
        _ instance: VirtualMachineInstance, _ document: JSONValue, _ directory: consuming RuntimeDirectory,
        _ launcher: consuming Launcher, _ watch: consuming Epoll, _ signals: consuming SignalSet,
        _ timer: consuming Timer, _ listener: consuming UnixSocket, _ journal: consuming Journal,
        _ agent: GuestAgent, _ agentTimer: consuming Timer, _ network: GuestNetwork
    ) {
        self.instance = instance
        self.document = document
        self.directory = directory
        launcherID = launcher.process.id
        self.launcher = launcher
        self.watch = watch
        self.signals = signals
        self.timer = timer
        self.listener = listener
        self.journal = journal
        self.agent = agent
        self.agentTimer = agentTimer
        self.network = network
    }

    /// Starts a launcher for an instance and sends it its machine.
    /// - Parameters:
    ///   - document: the manifest as it was given.
    ///   - environment: of this process; `XDG_RUNTIME_DIR` and `APUS_LAUNCHER` are heeded.
    ///   - owner: a connected socket of the client that started this process, whose end is a request to stop; or nil.
    /// - Throws: `SupervisorError`; nothing is left behind.
    public static func start(
        _ manifest: VMIManifest, document: JSONValue, _ options: LaunchOptions, environment: [String: String],
        owner: consuming FileDescriptor? = nil
    ) throws(SupervisorError) -> Supervision {
        let instance = manifest.instance
        let plan = try Plan(manifest, options, try facts())
        let directory = try RuntimeDirectory(
            instance.metadata.name, namespace: instance.metadata.namespace,
            in: RuntimeDirectory.base(environment: environment))
        let network = try network(of: manifest, plan, options, environment)
        var preparation = try Preparation.make(plan, of: instance, options, network, in: directory.path)
        let path = directory.path
        let launcher = try Launcher.start(
            Launcher.path(environment: environment), environment: environment.map { "\($0.key)=\($0.value)" })
        let supervision: Supervision
        do throws(Errno) {
            SignalSet.ignoreBrokenPipes()
            let listener = try SocketPath.listen(RuntimeDirectory.File.control.rawValue, in: path)
            try listener.descriptor.setNonblocking()
            let saved = try FileDescriptor.open(
                "\(path)/\(RuntimeDirectory.File.manifest.rawValue)", O_WRONLY | O_CREAT)
            try saved.writeAll(document.encoded(indentation: 2))
            guard let channel = preparation.takeAgent() else { throw Errno(code: EBADF, call: "socketpair") }
            let agent = try GuestAgent(channel, credentials: plan.credentials.map(\.credential))
            supervision = Supervision(
                instance, document, directory, launcher, try Epoll(), try SignalSet([SIGTERM, SIGINT, SIGHUP]),
                try Timer(), listener, try Journal("\(path)/\(RuntimeDirectory.File.log.rawValue)"),
                agent, try Timer(), network)
            try supervision.watchAll()
        } catch {
            throw SupervisorError("\(path): \(error)")
        }
        if let owner { supervision.adopt(owner, isOwner: true) }
        let descriptors = preparation.takeDescriptors()
        do throws(ControlError) {
            _ = try supervision.launcher.channel.request(.start(preparation.configuration), descriptors: descriptors)
        } catch {
            supervision.channelFailure = "\(error)"
        }
        let hasConsole = preparation.configuration.console != .nowhere
        supervision.tell([
            "event": .string("launching"), "launcherPid": .integer(Int64(supervision.launcherID)),
            "runtimeDirectory": .string(path),
            "console": hasConsole ? .string("\(path)/\(RuntimeDirectory.File.serial.rawValue)") : .null,
        ])
        return supervision
    }

    private static func facts() throws(SupervisorError) -> PodFacts {
        do throws(Errno) { return try PodFacts.read() } catch {
            throw SupervisorError("The CPUs of this process cannot be told: \(error)")
        }
    }

    private func watchAll() throws(Errno) {
        try watch.add(launcher.channel.raw, .readable, token: Token.channel)
        try watch.add(network.service.descriptor, .readable, token: Token.network)
        try watch.add(launcher.process.descriptor.raw, .readable, token: Token.process)
        try watch.add(launcher.output.raw, .readable, token: Token.output)
        try watch.add(signals.descriptor.raw, .readable, token: Token.signals)
        try watch.add(timer.descriptor.raw, .readable, token: Token.timer)
        try watch.add(listener.descriptor.raw, .readable, token: Token.listener)
        try watchAgent()
    }

    /// Serves until the instance has ended; returns how it did.
    public func run() -> Outcome {
        while processEnd == nil {
            var ready: [(token: UInt64, readiness: Readiness)] = []
            do throws(Errno) { try watch.wait { ready.append(($0, $1)) } } catch {
                outcome = outcome ?? .failed("The supervisor cannot wait for its instance: \(error)")
                launcher.process.signal(SIGKILL)
                processEnd = launcher.process.end(waiting: true)
            }
            for (token, _) in ready { serve(token) }
            serveChannel()
            serveAgent()
            updateInterest()
        }
        return conclude()
    }

    private func serve(_ token: UInt64) {
        switch token {
        case Token.channel, Token.agent: break
        case Token.agentTimer:
            agentTimer.drain()
            agentDeadline = nil
        case Token.process:
            // What it said before its end explains it.
            serveChannel()
            serveOutput()
            processEnd = launcher.process.end()
        case Token.output: serveOutput()
        case Token.signals:
            while signals.next() != nil { stop(force: stopping != .not) }
        case Token.timer:
            timer.drain()
            stop(force: true)
        case Token.listener: accept()
        case Token.network: network.service.serve()
        default: serveClient(token)
        }
    }

    private func accept() {
        while let socket = try? listener.accept() {
            guard clients.count < Self.mostClients else { continue }
            adopt(socket, isOwner: false)
        }
    }

    /// Takes a connected socket as a client.
    private func adopt(_ socket: consuming FileDescriptor, isOwner: Bool) {
        nextToken += 1
        guard (try? socket.setNonblocking()) != nil,
            (try? watch.add(socket.raw, .readable, token: nextToken)) != nil
        else { return }
        let connection = LineConnection(socket, mostBytes: ServiceRequest.mostBytes)
        clients[nextToken] = Client(token: nextToken, connection: connection, isOwner: isOwner)
    }

    /// Watches exactly those sockets for writing that have something waiting, and lets go of those that ended.
    private func updateInterest() {
        if channelEnded {
            watch.remove(launcher.channel.raw)
        } else {
            let wanted: Readiness = launcher.channel.wantsWrite ? [.readable, .writable] : .readable
            if wanted != channelInterest {
                try? watch.change(launcher.channel.raw, wanted, token: Token.channel)
                channelInterest = wanted
            }
        }
        for client in clients.values {
            if client.connection.isEnded {
                drop(client)
            } else if client.connection.wantsWrite != client.isWatchedForWriting {
                client.isWatchedForWriting.toggle()
                let wanted: Readiness = client.isWatchedForWriting ? [.readable, .writable] : .readable
                try? watch.change(client.connection.descriptor.raw, wanted, token: client.token)
            }
        }
    }

    private func drop(_ client: Client) {
        watch.remove(client.connection.descriptor.raw)
        clients[client.token] = nil
        if client.isOwner, stopping == .not { stop(force: false) }
    }
}
