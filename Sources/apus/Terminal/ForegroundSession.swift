// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import VMISpec

/// An instance in the foreground: its console here, its supervisor's events on standard error, signals passed on.
final class ForegroundSession {
    /// How a session ended.
    enum End: Equatable {
        /// The instance ended, in this way.
        case ended(InstanceEnd)
        /// The user left the instance to itself.
        case detached
    }

    private let supervisor: SupervisorProcess
    private let connection: InstanceConnection
    private var progress: LaunchProgress
    private let signals: SignalSet
    private var console: ConsoleSession?
    private var stops = 0

    /// A session with a supervisor that was started.
    /// - Throws: `Errno` of `signalfd`, `SupervisorError` when it cannot be asked.
    init(_ supervisor: SupervisorProcess, of instance: VirtualMachineInstance) throws {
        self.supervisor = supervisor
        connection = supervisor.connection
        progress = LaunchProgress(instance)
        signals = try SignalSet([SIGTERM, SIGINT, SIGHUP])
        try connection.listen(after: 0)
    }

    /// Waits until the vCPUs run, then leaves the instance to itself.
    /// - Throws: `SupervisorError` when it does not come so far.
    func detachOnceStarted() throws {
        while !progress.isStarted, progress.end == nil, !connection.isEnded {
            for message in try connection.nextEvents() { progress.hear(message) }
        }
        guard progress.isStarted, progress.end == nil else { throw failure }
        try ask(.detach)
    }

    /// Serves until the instance ended or its user left it.
    /// - Throws: `SupervisorError` when the supervisor ended without saying how the instance did.
    func run() throws -> End {
        defer { console?.close() }
        while !connection.isEnded {
            var entries = [
                pollfd(fd: connection.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
            ]
            if let console, !console.isEnded {
                entries.append(pollfd(fd: console.raw, events: Int16(POLLIN), revents: 0))
                if console.wantsInput { entries.append(pollfd(fd: 0, events: Int16(POLLIN), revents: 0)) }
            }
            guard poll(&entries, nfds_t(entries.count), -1) > 0 else { continue }
            if entries[1].revents != 0 { while signals.next() != nil { stop() } }
            if entries.count > 2, entries[2].revents != 0 { console?.showOutput() }
            if entries.count > 3, entries[3].revents != 0, try take(console?.takeInput() ?? .nothing) {
                return .detached
            }
            if entries[0].revents != 0 { try hear() }
        }
        // What the guest wrote last is still on its way.
        while let console, !console.isEnded { console.showOutput() }
        console?.close()
        guard let end = progress.end else { throw failure }
        return .ended(end)
    }

    private func hear() throws {
        for message in try connection.nextEvents() {
            progress.hear(message)
            if console == nil, progress.hasConsole, let directory = progress.directory {
                console = try? ConsoleSession(directory)
            }
        }
    }

    /// Does what the user wishes; returns whether the session ends by that.
    private func take(_ wish: ConsoleSession.Wish) throws -> Bool {
        switch wish {
        case .nothing: return false
        case .powerButton: stop()
        case .kill:
            stops = 2
            stop()
        case .detach:
            try ask(.detach)
            console?.close()
            let name = progress.instance.metadata.name
            Output.note("\(name) goes on; apus console \(name) comes back to it")
            return true
        }
        return false
    }

    /// The first asks the guest to power off, later ones do not ask.
    private func stop() {
        stops += 1
        // One that is not heard of yet has no socket to be asked by.
        guard progress.directory != nil else { return supervisor.terminate() }
        do { try ask(.stop, body: .object(["force": .bool(stops > 1)])) } catch { Output.note("\(error)") }
    }

    private func ask(_ operation: APIOperation, body: JSONValue? = nil) throws {
        guard let directory = progress.directory else { throw SupervisorError("The VM has not come up yet") }
        try InstanceConnection.connect(to: directory).ask(operation, body: body)
    }

    /// A supervisor that did not get as far as to say why on its socket said it on its standard error.
    private var failure: SupervisorError { SupervisorError(progress.end?.message ?? "") }
}
