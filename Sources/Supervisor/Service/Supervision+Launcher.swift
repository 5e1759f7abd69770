// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import VMISpec

extension Supervision {
    /// How long a launcher has to end once it was told to, before it is killed.
    static let lastGraceNanoseconds: UInt64 = 3_000_000_000

    /// Hears what the launcher says on the control channel.
    func serveChannel() {
        guard !channelEnded else { return }
        do throws(ControlError) {
            while let received = try launcher.channel.next() {
                switch received.message {
                case .event(let event): hear(event)
                case .reply(let id, let reply): answer(id, reply)
                case .request: throw ControlError.malformed("a request from a launcher")
                }
            }
            try launcher.channel.flush()
        } catch {
            channelEnded = true
            if error != .closed {
                channelFailure = channelFailure ?? "\(error)"
                outcome = outcome ?? .failed("apus-launcher cannot be understood and was killed: \(error)")
            }
            // A launcher that cannot be heard any more is of no use: it is on its way out, or must be.
            arm(Self.lastGraceNanoseconds)
            if stopping == .not { stopping = .forced }
        }
    }

    /// Hears what the launcher writes.
    func serveOutput() {
        for line in launcher.read() where !line.isEmpty {
            journal.write(line)
            tell(["event": .string("log"), "level": .string("launcher"), "text": .string(line)])
        }
        // The end of the pipe would wake the loop again and again; what follows it is the process's end.
        if launcher.hasEndedOutput { watch.remove(launcher.output.raw) }
    }

    private func hear(_ event: ControlEvent) {
        switch event {
        case .ready(let greeting):
            journal.write("launcher \(greeting.version) is process \(launcherID)")
        case .started(let report):
            self.report = report
            startedAt = Clock.monotonic
            journal.write("started")
            tell([
                "event": .string("started"), "marks": Self.json(report.marks),
                "vcpuThreads": .array(report.vcpuThreads.map { .integer(Int64($0)) }),
            ])
        case .paused:
            isPaused = true
            agent.pause()
            tell(["event": .string("paused")])
        case .resumed:
            isPaused = false
            agent.resume()
            tell(["event": .string("resumed")])
        case .guestShutdown:
            outcome = outcome ?? .poweredOff
            journal.write("the guest powered off")
            arm(Self.lastGraceNanoseconds)
            stopping = .forced
        case .guestReset(let cause):
            resets += 1
            if isPaused { agent.resume() }
            isPaused = false
            journal.write("the guest was reset: \(cause.rawValue)")
            tell(["event": .string("reset"), "cause": .string(cause.rawValue)])
        case .guestPanicked:
            hasPanicked = true
            journal.write("the guest's kernel panicked")
            tell(["event": .string("panicked")])
        case .diskStopped(let stop):
            let hope = stop.isNoSpace ? "it goes on when there is space" : "it goes on when it is resumed"
            journal.write("paused: disk \(stop.disk) failed (\(stop.message)); \(hope)")
            tell([
                "event": .string("diskStopped"), "disk": .string(stop.disk), "text": .string(stop.message),
                "noSpace": .bool(stop.isNoSpace),
            ])
        case .watchdogExpired(let action):
            journal.write("the guest stopped feeding its watchdog: \(action.rawValue)")
            tell(["event": .string("watchdog"), "action": .string(action.rawValue)])
            if action == .poweroff {
                outcome = outcome ?? .failed("The guest stopped feeding its watchdog and was powered off")
            }
        case .channelsChanged(let open): agent.setChannel(isOpen: open.contains(ChannelConfiguration.guestAgent))
        case .failed(let message):
            outcome = outcome ?? .failed(message)
            launcher.note(message)
            journal.write("failed: \(message)")
        case .log(let line):
            launcher.note(line.text)
            journal.write("\(line.level.rawValue): \(line.text)")
            tell(["event": .string("log"), "level": .string(line.level.rawValue), "text": .string(line.text)])
        }
    }

    private func answer(_ id: UInt64, _ reply: ControlReply) {
        if case .refused(let message) = reply, report == nil { outcome = outcome ?? .failed(message) }
        guard let client = waiting.removeValue(forKey: id).flatMap({ clients[$0] }) else { return }
        if case .refused(let message) = reply {
            client.connection.send(.object(["ok": .bool(false), "error": .string(message)]))
        } else {
            client.connection.send(.object(["ok": .bool(true)]))
        }
    }

    /// Asks the launcher for something, on behalf of a client or of this process.
    func ask(_ request: ControlRequest, for client: Client? = nil) {
        do throws(ControlError) {
            let id = try launcher.channel.request(request)
            if let client { waiting[id] = client.token }
        } catch {
            client?.connection.send(.object(["ok": .bool(false), "error": .string("\(error)")]))
        }
    }

    /// Ends the instance: by its power button and after its grace period, or at once. Each later call is more urgent.
    func stop(force: Bool) {
        guard processEnd == nil else { return }
        if stopping == .forced || (force && report == nil && stopping != .not) {
            stopping = .killed
            outcome = outcome ?? .failed("The VM was killed")
            launcher.process.signal(SIGKILL)
        } else if force || report == nil || instance.spec.terminationGracePeriodSeconds == 0 {
            guard stopping != .killed else { return }
            let why =
                stopping == .graceful
                ? "The guest did not power off in its grace period of "
                    + "\(instance.spec.terminationGracePeriodSeconds) s and was stopped"
                : "The VM was stopped before its guest powered off"
            outcome = outcome ?? .failed(why)
            stopping = .forced
            ask(.stop)
            arm(Self.lastGraceNanoseconds)
        } else if stopping == .not {
            stopping = .graceful
            let seconds = instance.spec.terminationGracePeriodSeconds
            tell(["event": .string("stopping"), "graceSeconds": .integer(seconds)])
            // A paused guest cannot see its button.
            if isPaused { ask(.resume) }
            ask(.powerButton)
            arm(UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000).partialValue)
        }
    }

    func arm(_ nanoseconds: UInt64) { try? timer.set(nanoseconds: nanoseconds) }

    /// What became of the instance, told to every client and left nowhere else.
    func conclude() -> Outcome {
        serveChannel()
        serveOutput()
        launcher.finishLog()
        releaseNetwork()
        let result = outcome ?? unexpectedEnd
        var message = JSONValue.null
        if case .failed(let line) = result { message = .string(line) }
        tell([
            "event": .string("ended"), "status": .integer(Int64(result.exitStatus)), "phase": .string(result.phase),
            "message": message,
        ])
        return result
    }

    /// The end of a launcher that did not say why.
    private var unexpectedEnd: Outcome {
        if hasPanicked { return .failed("The guest's kernel panicked") }
        let how: String
        switch processEnd {
        case .exited(0): return .failed("The guest was reset, which ends this VM")
        case .exited(let status): how = "apus-launcher exited with status \(status)"
        case .signalled(let number): how = "apus-launcher was killed by \(SignalName.of(number))"
        case nil: how = "apus-launcher is gone"
        }
        let last = launcher.log.lines.suffix(3).joined(separator: " | ")
        let reason = [channelFailure, last.isEmpty ? nil : last].compactMap(\.self).joined(separator: "; ")
        return .failed(reason.isEmpty ? "\(how) without a word" : "\(how): \(reason)")
    }
}
