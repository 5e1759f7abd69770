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
            for waiting in requests.takeAll() {
                loop.cancel(waiting.alarm)
                waiting.completion(nil)
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
            tell("log", ["level": .string("launcher"), "text": .string(line)])
        }
    }

    private func hear(_ event: ControlEvent) {
        switch event {
        case .ready(let greeting):
            journal.write("launcher \(greeting.version) is process \(launcherID)")
        case .started(let report): start(report)
        case .paused:
            isPaused = true
            agent.pause()
            updatePause()
            stopProbes()
            updateReadiness()
            tell("paused")
        case .resumed:
            isPaused = false
            stoppedDisk = nil
            agent.resume()
            updatePause()
            resumeProbes()
            updateReadiness()
            tell("resumed")
        case .guestShutdown:
            outcome = outcome ?? .poweredOff
            journal.write("the guest powered off")
            arm(Self.lastGraceNanoseconds)
            stopping = .forced
        case .guestReset(let cause):
            resets += 1
            journal.write("the guest was reset: \(cause.rawValue)")
            if !isPaused { startProbes() }
            updateReadiness()
            tell("reset", ["cause": .string(cause.rawValue)])
        case .guestPanicked(let event):
            panics += 1
            journal.write("the guest's kernel panicked")
            tell("panicked", ["type": .string("pvpanic"), "bits": .integer(Int64(event))])
        case .diskStopped(let stop):
            let hope = stop.isNoSpace ? "it goes on when there is space" : "it goes on when it is resumed"
            journal.write("paused: disk \(stop.disk) failed (\(stop.message)); \(hope)")
            stoppedDisk = stop.disk
            updatePause()
            tell(
                "diskStopped",
                ["disk": .string(stop.disk), "text": .string(stop.message), "noSpace": .bool(stop.isNoSpace)])
        case .watchdogExpired(let action):
            journal.write("the guest stopped feeding its watchdog: \(action.rawValue)")
            tell("watchdog", ["action": .string(action.rawValue)])
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
            tell("log", ["level": .string(line.level.rawValue), "text": .string(line.text)])
        }
    }

    private func start(_ report: StartReport) {
        guard self.report == nil else { return }
        self.report = report
        startedAt = Clock.monotonic
        status.enter(.running, at: .now)
        startProbes()
        updateReadiness()
        journal.write("started")
        tell(
            "started",
            [
                "marks": Self.json(report.marks),
                "vcpuThreads": .array(report.vcpuThreads.map { .integer(Int64($0)) }),
            ])
    }

    /// Sets the condition Paused, which is not there while the guest runs.
    private func updatePause() {
        guard isPaused else { return status.remove(.paused) }
        if stoppedDisk != nil {
            status.set(
                .paused, true, reason: "PausedIOError", message: "VMI was paused, low-level IO error detected", at: .now
            )
        } else {
            status.set(.paused, true, reason: "PausedByUser", message: "VMI was paused by user", at: .now)
        }
    }

    /// Sets the condition Ready by what the pod of such an instance would be.
    func updateReadiness() {
        let moment = Timestamp.now
        if report == nil {
            status.set(
                .ready, false, reason: "GuestNotRunning", message: "Guest VM is not reported as running", at: moment)
        } else if stopping != .not {
            status.set(
                .ready, false, reason: "PodTerminating", message: "virt-launcher pod is terminating", at: moment)
        } else if isPaused {
            status.set(
                .ready, false, reason: "ReadinessGatesNotReady",
                message: "the status of pod readiness gate \"kubevirt.io/virtual-machine-unpaused\" is not \"True\", "
                    + "but False", at: moment)
        } else if let readiness, !readiness.isGood {
            status.set(
                .ready, false, reason: "ContainersNotReady", message: "containers with unready status: [compute]",
                at: moment)
        } else {
            status.set(.ready, true, at: moment)
        }
    }

    private func answer(_ id: UInt64, _ reply: ControlReply) {
        if case .refused(let message) = reply, report == nil { outcome = outcome ?? .failed(message) }
        guard let waiting = requests.take(id) else { return }
        loop.cancel(waiting.alarm)
        waiting.completion(reply)
    }

    /// Asks the launcher for something; the completion is given its answer, or nil when none comes.
    func ask(
        _ request: ControlRequest, descriptors: consuming DescriptorBundle = DescriptorBundle(),
        _ completion: @escaping LauncherRequests.Completion = { _ in }
    ) {
        guard !channelEnded, !requests.isFull else { return completion(nil) }
        do throws(ControlError) {
            let id = try launcher.channel.request(request, descriptors: descriptors)
            let alarm = loop.after(nanoseconds: APILimits().launcherNanoseconds) { [weak self] in
                self?.requests.take(id)?.completion(nil)
            }
            requests.add(id, alarm: alarm, completion)
        } catch {
            completion(.refused(message: "\(error)"))
        }
    }

    /// Ends the instance: by its power button and after its grace period, or at once. Each later call is more urgent.
    /// - Parameters:
    ///   - grace: seconds for the guest to power off, where it is not the manifest's.
    func stop(force: Bool, grace: Int64? = nil) {
        guard processEnd == nil else { return }
        stopProbes()
        let seconds = grace ?? instance.spec.terminationGracePeriodSeconds
        if stopping == .forced || (force && report == nil && stopping != .not) {
            stopping = .killed
            outcome = outcome ?? .failed("The VM was killed")
            launcher.process.signal(SIGKILL)
        } else if force || report == nil || seconds == 0 {
            guard stopping != .killed else { return }
            let usual =
                stopping == .graceful
                ? "The guest did not power off in its grace period of \(graceSeconds) s and was stopped"
                : "The VM was stopped before its guest powered off"
            outcome = outcome ?? .failed(usual)
            stopping = .forced
            updateReadiness()
            ask(.stop)
            arm(Self.lastGraceNanoseconds)
        } else if stopping == .not {
            stopping = .graceful
            graceSeconds = seconds
            updateReadiness()
            tell("stopping", ["graceSeconds": .integer(seconds)])
            // A paused guest cannot see its button.
            if isPaused { ask(.resume) }
            ask(.powerButton)
            let (nanoseconds, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
            arm(overflow ? .max : nanoseconds)
        }
    }

    private func arm(_ nanoseconds: UInt64) {
        loop.cancel(stopAlarm)
        stopAlarm = loop.after(nanoseconds: nanoseconds) { [weak self] in self?.stop(force: true) }
    }

    /// What became of the instance, told to every client and left nowhere else.
    func conclude() -> Outcome {
        serveChannel()
        serveOutput()
        launcher.finishLog()
        releaseNetwork()
        let result = outcome ?? unexpectedEnd
        let moment = Timestamp.now
        status.enter(result == .poweredOff ? .succeeded : .failed, at: moment)
        status.remove(.paused)
        status.remove(.agentConnected)
        status.set(
            .ready, false, reason: "PodTerminating", message: "virt-launcher pod is terminating", at: moment)
        var message = JSONValue.null
        if case .failed(let line) = result {
            message = .string(line)
            if report == nil {
                status.set(
                    .synchronized, false, reason: "Synchronizing with the Domain failed.", message: line, at: moment)
            }
        }
        console?.finish()
        publish()
        tell(
            "ended",
            [
                "status": .integer(Int64(result.exitStatus)), "phase": .string(result.phase), "message": message,
                "stopRequested": .bool(stopWasRequested), "started": .bool(report != nil),
            ])
        server.finish(within: 1_000_000_000)
        return result
    }

    /// The end of a launcher that did not say why.
    private var unexpectedEnd: Outcome {
        if panics > 0 { return .failed("The guest's kernel panicked") }
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
