// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Supervisor
import VMISpec

/// `apus console NAME`.
struct Console: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Connect to a VM's serial console.",
        discussion: """
            The last 64 KiB come first. Ctrl-] opens the menu to leave; the VM goes on. Many may look at a console; the \
            newest of them is the one that types.
            """)

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Flag(help: "Look, and leave typing to others.")
    var readOnly = false

    func run() throws {
        try Output.reporting {
            SignalSet.ignoreBrokenPipes()
            let directory = try RunningInstances.directory(of: name, in: Output.base)
            let console: ConsoleSession
            do { console = try ConsoleSession(directory, readOnly: readOnly) } catch {
                throw SupervisorError("The console of \(name) cannot be reached: \(error)")
            }
            // A signal must not leave the terminal raw.
            let signals = try SignalSet([SIGTERM, SIGINT, SIGHUP])
            defer { console.close() }
            while !console.isEnded {
                var entries = [
                    pollfd(fd: console.raw, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: console.wantsInput ? 0 : -1, events: Int16(POLLIN), revents: 0),
                ]
                guard poll(&entries, nfds_t(entries.count), -1) > 0 else { continue }
                if entries[1].revents != 0 { return }
                if entries[0].revents != 0 { console.showOutput() }
                guard entries[2].revents != 0 else { continue }
                switch console.takeInput() {
                case .nothing: break
                case .detach: return
                case .powerButton:
                    try RunningInstances.connect(to: name, in: Output.base).ask(.stop)
                case .kill:
                    try RunningInstances.connect(to: name, in: Output.base)
                        .ask(.stop, body: .object(["force": .bool(true)]))
                }
            }
        }
    }
}
