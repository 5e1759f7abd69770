// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Machine

/// The launcher on its own: the machine its flags describe, its console on the terminal, its fate in the exit status.
struct Bench: ~Copyable {
    private var runner: Runner
    private let signals: SignalSet
    private let watch: Epoll
    private var presses = 0
    private var diskWait = DiskWait()

    /// - Throws: an error that prints as one line.
    init(_ flags: Flags) throws {
        let began = Clock.monotonic
        let signals = try SignalSet([SIGTERM, SIGINT, SIGHUP])
        let watch = try Epoll()
        var wanted = try FlagMachine(flags)
        let configuration = wanted.configuration
        let runner = try Runner(configuration, descriptors: wanted.takeDescriptors(), began: began)
        for note in runner.machine.notes { CurrentProcess.complain("warning: \(note)") }
        try watch.add(runner.machine.descriptor, .readable, token: 0)
        try watch.add(signals.descriptor.raw, .readable, token: 1)
        self.signals = signals
        self.runner = runner
        self.watch = watch
    }

    /// Runs the guest to its end and returns the exit status.
    mutating func serve() -> Int32 {
        do throws(MachineError) { try runner.start() } catch {
            CurrentProcess.complain("\(error)")
            return end(1)
        }
        while true {
            _ = try? watch.wait(milliseconds: diskWait.patience(runner.machine)) { _, _ in }
            if diskWait.look(runner.machine) {
                CurrentProcess.complain("The disk has space again; the guest goes on")
                runner.machine.resume()
            }
            while signals.next() != nil {
                presses += 1
                // The first signal asks the guest, the second does not.
                if presses > 1 { return end(1) }
                runner.machine.pressPowerButton()
            }
            while let event = runner.machine.serve() {
                if let status = handle(event) { return end(status) }
            }
        }
    }

    private func end(_ status: Int32) -> Int32 {
        let unclosed = runner.machine.end()
        for failure in unclosed { CurrentProcess.complain("\(failure)") }
        return unclosed.isEmpty ? status : max(status, 1)
    }

    private mutating func handle(_ event: MachineEvent) -> Int32? {
        switch event {
        case .poweredOff: return 0
        case .resetRequested, .tripleFaulted: return reset()
        case .channelsChanged: return nil
        case .watchdogExpired: return barked()
        case .panicked:
            CurrentProcess.complain("The guest's kernel panicked")
            return 1
        case .diskStopped(let failure):
            guard diskWait.stop(runner.machine) else { return nil }
            let line = "The guest is paused: disk \(failure.disk) failed (\(failure.error))"
            // Nobody could let it go on: it has no supervisor.
            guard failure.isNoSpace else {
                CurrentProcess.complain("\(line); it cannot go on without a supervisor")
                return 1
            }
            CurrentProcess.complain("\(line); it goes on when there is space")
            return nil
        case .failed(let line):
            CurrentProcess.complain(line)
            return 1
        }
    }

    private func reset() -> Int32? {
        do throws(MachineError) {
            try runner.machine.reset()
            return nil
        } catch {
            CurrentProcess.complain("The guest cannot be reset: \(error)")
            return 1
        }
    }

    private func barked() -> Int32? {
        CurrentProcess.complain("The guest stopped feeding its watchdog: \(runner.onWatchdog.rawValue)")
        switch runner.onWatchdog {
        case .reset: return reset()
        case .poweroff: return 1
        case .shutdown: runner.machine.pressPowerButton()
        case .pause: runner.machine.pause()
        case .injectNMI: runner.machine.injectNMI()
        case .none: break
        }
        return nil
    }
}
