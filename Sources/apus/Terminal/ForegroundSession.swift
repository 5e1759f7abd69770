// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import VMISpec

/// An instance in the foreground: its console here, its supervisor's events on standard error, signals passed on.
final class ForegroundSession {
    /// The result of a session that its user left while the instance goes on.
    static let detached: Int32 = -1

    private let connection: InstanceConnection
    private var progress: LaunchProgress
    private let signals: SignalSet
    private var console: ConsoleSession?
    private var stops = 0

    /// A session with a supervisor's connection.
    /// - Throws: `Errno` of `signalfd`.
    init(_ connection: InstanceConnection, of instance: VirtualMachineInstance) throws(Errno) {
        self.connection = connection
        progress = LaunchProgress(instance)
        signals = try SignalSet([SIGTERM, SIGINT, SIGHUP])
    }

    /// Waits until the vCPUs run, then leaves the instance to itself.
    /// - Throws: `SupervisorError` when it does not come so far.
    func detachOnceStarted() throws {
        while !progress.isStarted, progress.status == nil, !connection.isEnded {
            for message in try connection.receive() { progress.hear(message) }
        }
        guard progress.isStarted, progress.status == nil else { throw ended }
        _ = try connection.ask(.detach)
    }

    /// Serves until the instance ended or its user left it; returns the exit status or `detached`.
    /// - Throws: `SupervisorError` when the instance ended otherwise than by powering off.
    func run() throws -> Int32 {
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
                return Self.detached
            }
            if entries[0].revents != 0 { try hear() }
        }
        // What the guest wrote last is still on its way.
        while let console, !console.isEnded { console.showOutput() }
        console?.close()
        guard progress.status == 0 else { throw ended }
        return 0
    }

    private func hear() throws {
        for message in try connection.receive() {
            progress.hear(message)
            if console == nil, let path = progress.console, let slash = path.lastIndex(of: "/") {
                console = try? ConsoleSession(String(path[..<slash]))
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
            connection.send(.stop(force: true))
        case .detach:
            _ = try connection.ask(.detach)
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
        connection.send(.stop(force: stops > 1))
    }

    private var ended: SupervisorError {
        SupervisorError(progress.failure ?? "")
    }
}
