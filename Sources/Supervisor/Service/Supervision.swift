// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import GuestAgent
import HTTP
import Linux
import PodNetwork
import VMISpec

/// One instance from the start of its launcher to its end: a single thread that waits for the launcher, clients of the
/// API, probes, signals and alarms.
public final class Supervision {
    let manifest: VMIManifest
    let document: JSONValue
    let options: LaunchOptions
    let directory: RuntimeDirectory
    var launcher: Launcher
    let loop: EventLoop
    let server: APIServer
    private let signals: SignalSet
    var journal: Journal
    /// The interfaces as they reach the guest, and what answers it there.
    let network: GuestNetwork
    let launcherID: Int32
    let configuration: MachineConfiguration
    var console: Console?
    private var channelToken: UInt64 = 0
    private var outputToken: UInt64 = 0

    /// What a launcher's end is told by, once both its socket and its process are done.
    var processEnd: ChildProcess.End?
    var channelFailure: String?
    var channelEnded = false
    var requests = LauncherRequests()
    var events = EventLog()

    // What is known of the machine.
    var status: InstanceStatus
    private var publishedStatus: InstanceStatus?
    var report: StartReport?
    var startedAt: UInt64 = 0
    var isPaused = false
    var resets: UInt64 = 0
    var panics: UInt64 = 0
    var stopping = Stopping.not
    var stopAlarm: UInt64?
    var graceSeconds: Int64 = 0
    var outcome: Outcome?
    /// Whether a client or a signal asked for the end, rather than the guest itself.
    var stopWasRequested = false
    var readiness: Probe?
    var liveness: Probe?
    /// The guest's agent, which may or may not be there.
    let agent: GuestAgent
    var agentToken: UInt64 = 0
    var agentAlarm: UInt64?
    /// When the agent's alarm rings, nil for never.
    var agentDeadline: UInt64?
    var credentialFailure: String?
    /// The disk whose failure stopped the guest.
    var stoppedDisk: String?

    /// How far a stop has come.
    enum Stopping: Equatable { case not, graceful, forced, killed }

    var instance: VirtualMachineInstance { manifest.instance }

    private init(
        _ manifest: VMIManifest, _ document: JSONValue, _ options: LaunchOptions,
        _ directory: consuming RuntimeDirectory, _ launcher: consuming Launcher, _ loop: EventLoop, _ server: APIServer,
        _ signals: consuming SignalSet,
        _ journal: consuming Journal, _ configuration: MachineConfiguration, _ status: InstanceStatus,
        _ agent: GuestAgent, _ network: GuestNetwork
    ) {
        self.manifest = manifest
        self.document = document
        self.options = options
        self.directory = directory
        launcherID = launcher.process.id
        self.launcher = launcher
        self.loop = loop
        self.server = server
        self.signals = signals
        self.journal = journal
        self.configuration = configuration
        self.status = status
        self.agent = agent
        self.network = network
    }

    /// Starts a launcher for an instance and sends it its machine.
    /// - Parameters:
    ///   - document: the manifest as it was given.
    ///   - environment: of this process; `XDG_RUNTIME_DIR`, `APUS_LAUNCHER` and `NODE_NAME` are heeded.
    ///   - owner: a connected socket of the client that started this process, which speaks the API and whose end is a
    ///     request to stop; or nil.
    /// - Throws: `SupervisorError`; nothing is left behind.
    public static func start(
        _ manifest: VMIManifest, document: JSONValue, _ options: LaunchOptions, environment: [String: String],
        owner: consuming FileDescriptor? = nil
    ) throws(SupervisorError) -> Supervision {
        let instance = manifest.instance
        let plan = try Plan(manifest, options, try facts())
        // From here on a signal must not keep this process from cleaning up.
        let signals = try stoppingSignals()
        let directory = try RuntimeDirectory(
            instance.metadata.name, namespace: instance.metadata.namespace,
            in: RuntimeDirectory.base(environment: environment))
        let network = try network(of: manifest, plan, options, environment)
        let path = directory.path
        var preparation = try Preparation.make(plan, of: instance, options, network, in: path)
        if signals.next() != nil { throw SupervisorError("The VM was stopped before it was started") }
        let launcher = try Launcher.start(
            Launcher.path(environment: environment), environment: environment.map { "\($0.key)=\($0.value)" })
        let supervision: Supervision
        do throws(Errno) {
            SignalSet.ignoreBrokenPipes()
            let loop = try EventLoop()
            let listener = try SocketPath.listen(RuntimeDirectory.File.control.rawValue, in: path)
            let saved = try FileDescriptor.open(
                "\(path)/\(RuntimeDirectory.File.manifest.rawValue)", O_WRONLY | O_CREAT)
            try saved.writeAll(document.encoded(indentation: 2))
            guard let channel = preparation.takeAgent() else { throw Errno(code: EBADF, call: "socketpair") }
            let agent = try GuestAgent(channel, credentials: plan.credentials.map(\.credential))
            var status = InstanceStatus(
                manifest, preparation.configuration, user: geteuid(), node: environment["NODE_NAME"], at: .now)
            status.add(network.interfaces)
            supervision = Supervision(
                manifest, document, options, directory, launcher, loop, try APIServer(listener, loop: loop),
                signals, try Journal("\(path)/\(RuntimeDirectory.File.log.rawValue)"), preparation.configuration,
                status, agent, network)
            try supervision.watchAll()
        } catch {
            throw SupervisorError("\(path): \(error)")
        }
        if let owner { supervision.server.adopt(owner, isOwner: true) }
        var reachable = options
        reachable.guestAddress = options.guestAddress ?? network.interfaces.first?.addresses.first
        try supervision.prepareProbes(reachable)
        try supervision.openConsole(options, &preparation)
        let descriptors = preparation.takeDescriptors()
        do throws(ControlError) {
            _ = try supervision.launcher.channel.request(.start(preparation.configuration), descriptors: descriptors)
        } catch {
            supervision.channelFailure = "\(error)"
        }
        supervision.tell(
            "launching",
            [
                "launcherPid": .integer(Int64(supervision.launcherID)), "runtimeDirectory": .string(path),
                "console": supervision.console.map { .string($0.path) } ?? .null,
            ])
        supervision.publish()
        return supervision
    }

    private static func stoppingSignals() throws(SupervisorError) -> SignalSet {
        do throws(Errno) { return try SignalSet([SIGTERM, SIGINT, SIGHUP]) } catch {
            throw SupervisorError("Signals cannot be waited for: \(error)")
        }
    }

    private static func facts() throws(SupervisorError) -> PodFacts {
        do throws(Errno) { return try PodFacts.read() } catch {
            throw SupervisorError("The CPUs of this process cannot be told: \(error)")
        }
    }

    private func watchAll() throws(Errno) {
        channelToken = try loop.watch(launcher.channel.raw) { [unowned self] _ in serveChannel() }
        _ = try loop.watch(launcher.process.descriptor.raw) { [unowned self] _ in
            // What it said before its end explains it.
            serveChannel()
            serveOutput()
            processEnd = launcher.process.end()
        }
        outputToken = try loop.watch(launcher.output.raw) { [unowned self] _ in serveOutput() }
        _ = try loop.watch(signals.descriptor.raw) { [unowned self] _ in
            while signals.next() != nil {
                stopWasRequested = true
                stop(force: stopping != .not)
            }
        }
        _ = try loop.watch(network.service.descriptor) { [unowned self] _ in network.service.serve() }
        try watchAgent()
        server.onRequest = { [unowned self] in serve($0, $1) }
        server.onOwnerEnd = { [unowned self] in
            guard stopping == .not else { return }
            stopWasRequested = true
            stop(force: false)
        }
    }

    /// Serves until the instance has ended; returns how it did.
    public func run() -> Outcome {
        while processEnd == nil {
            do throws(Errno) { try loop.turn() } catch {
                outcome = outcome ?? .failed("The supervisor cannot wait for its instance: \(error)")
                launcher.process.signal(SIGKILL)
                processEnd = launcher.process.end(waiting: true)
            }
            serveChannel()
            serveAgent()
            if channelEnded {
                loop.forget(channelToken)
            } else {
                loop.change(channelToken, launcher.channel.wantsWrite ? [.readable, .writable] : .readable)
            }
            if launcher.hasEndedOutput { loop.forget(outputToken) }
            publish()
        }
        return conclude()
    }

    /// Tells everybody who listens of an event.
    func tell(_ name: String, _ data: KeyValuePairs<String, JSONValue> = [:]) {
        var object = JSONObject()
        object["event"] = .string(name)
        object["time"] = .string("\(Timestamp.now)")
        for (key, value) in data { object[key] = value }
        let event = events.add(name, .object(object))
        let encoded = event.encoded
        for stream in server.streams { stream.send(encoded) }
    }

    /// Shows the status in the file and the event stream, when it changed.
    func publish() {
        guard status != publishedStatus else { return }
        publishedStatus = status
        let json = status.json
        tell("status", ["status": json])
        StatusFile.replace(directory.file(.status), with: json)
    }
}
