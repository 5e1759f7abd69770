// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Machine

/// The launcher under a supervisor: requests come over the socket, events go back, and the end of one is the end of
/// the other.
struct Supervised: ~Copyable {
    private var channel: ControlChannel
    private let watch: Epoll
    private let signals: SignalSet
    private var runner: Runner?
    /// Whether the guest's next powering off is the first half of a reboot.
    private var restartsOnPowerOff = false
    private var state = MachineState.configuring
    private let began = Clock.monotonic
    private var diskWait = DiskWait()
    private var channelInterest: Readiness = .readable
    private var openChannels: [String] = []

    private enum Token: UInt64 {
        case channel = 1
        case machine = 2
        case signals = 3
    }

    /// Greets the supervisor.
    /// - Throws: `Errno` or `ControlError`.
    init(_ socket: consuming UnixSocket) throws {
        SignalSet.ignoreBrokenPipes()
        // The supervisor says when to end; a terminal's signals are meant for it.
        let signals = try SignalSet([SIGTERM, SIGINT, SIGHUP])
        var channel = try ControlChannel(socket)
        let watch = try Epoll()
        try watch.add(channel.raw, .readable, token: Token.channel.rawValue)
        try watch.add(signals.descriptor.raw, .readable, token: Token.signals.rawValue)
        try channel.emit(.ready(LauncherGreeting(version: Help.version, processID: CurrentProcess.id)))
        self.signals = signals
        self.channel = channel
        self.watch = watch
    }

    /// Serves until the machine or the supervisor ends; returns the exit status.
    mutating func serve() -> Int32 {
        while true {
            do throws(ControlError) {
                while var received = try channel.next() {
                    if case .request(let id, let request) = received.message {
                        var descriptors = DescriptorBundle()
                        swap(&descriptors, &received.descriptors)
                        if let status = try answer(id, request, descriptors) { return end(status) }
                    }
                }
                if let runner {
                    while let event = runner.machine.serve() {
                        if let status = try handle(event) { return end(status) }
                    }
                }
                try channel.flush()
            } catch {
                if case .closed = error {} else { CurrentProcess.complain("The supervisor cannot be heard: \(error)") }
                return end(1)
            }
            while signals.next() != nil {}
            let interest: Readiness = channel.wantsWrite ? [.readable, .writable] : .readable
            if interest != channelInterest {
                try? watch.change(channel.raw, interest, token: Token.channel.rawValue)
                channelInterest = interest
            }
            _ = try? watch.wait(milliseconds: diskWait.patience(runner?.machine)) { _, _ in }
            if diskWait.look(runner?.machine) {
                runner?.machine.resume()
                state = .running
                // The channel's own failure is found by the next look at it.
                try? channel.emit(.resumed)
            }
        }
    }

    private mutating func end(_ status: Int32) -> Int32 {
        for failure in runner?.machine.end() ?? [] {
            try? channel.emit(.log(LogLine(level: .error, text: "\(failure)")))
        }
        try? channel.drain(milliseconds: 1000)
        return status
    }

    /// Does what was asked; returns an exit status when the launcher is to end.
    private mutating func answer(
        _ id: UInt64, _ request: ControlRequest, _ descriptors: consuming DescriptorBundle
    ) throws(ControlError) -> Int32? {
        switch request {
        case .start(let configuration): return try start(id, configuration, descriptors)
        case .stop:
            try channel.reply(to: id, .done)
            return 0
        case .status:
            try channel.reply(to: id, .status(status))
            return nil
        default: break
        }
        guard let runner else {
            try channel.reply(to: id, .refused(message: "the machine has not been started"))
            return nil
        }
        switch request {
        case .pause:
            // Whoever pauses a machine that waits for space has it stay paused.
            diskWait.end()
            if !runner.machine.isPaused {
                runner.machine.pause()
                state = .paused
                try channel.emit(.paused)
            }
        case .resume:
            if runner.machine.isPaused {
                diskWait.end()
                runner.machine.resume()
                state = .running
                try channel.emit(.resumed)
            }
        case .powerButton:
            restartsOnPowerOff = false
            runner.machine.pressPowerButton()
        case .softReboot:
            restartsOnPowerOff = true
            runner.machine.pressPowerButton()
        case .deviceState:
            try channel.reply(to: id, .unsupported(message: "this machine cannot tell the state of its devices"))
            return nil
        case .balloon(let bytes):
            do throws(MachineError) { try runner.machine.setBalloon(bytes: bytes) } catch {
                try channel.reply(to: id, .refused(message: "\(error)"))
                return nil
            }
        case .statistics:
            try channel.reply(to: id, .statistics(runner.machine.statistics()))
            return nil
        case .attachDisk, .detachDisk, .changeMedium, .refreshDisk, .resizeDisk:
            try channel.reply(to: id, change(request, descriptors, of: runner.machine))
            return nil
        case .reset:
            if let status = try reset(.requested) {
                try channel.reply(to: id, .refused(message: "the machine could not be reset"))
                return status
            }
        case .setLink(let interface, let isUp):
            guard runner.machine.setLink(of: interface, up: isUp) else {
                try channel.reply(to: id, .refused(message: "there is no interface \(interface)"))
                return nil
            }
        case .start, .stop, .status: break
        }
        try channel.reply(to: id, .done)
        return nil
    }

    /// Changes a disk of a machine that has been started.
    private func change(
        _ request: ControlRequest, _ descriptors: consuming DescriptorBundle, of machine: Machine
    ) -> ControlReply {
        do {
            switch request {
            case .attachDisk(let disk):
                try disk.validate(descriptors: descriptors.count)
                try machine.attachDisk(disk, descriptors: descriptors)
            case .detachDisk(let name): try machine.detachDisk(name)
            case .changeMedium(let change): try machine.changeMedium(change, descriptors: descriptors)
            case .refreshDisk(let name): try machine.refreshDisk(name)
            case .resizeDisk(let name, let bytes): try machine.resizeDisk(name, to: bytes)
            default: break
            }
            return .done
        } catch {
            return .refused(message: "\(error)")
        }
    }

    private mutating func start(
        _ id: UInt64, _ configuration: MachineConfiguration, _ descriptors: consuming DescriptorBundle
    ) throws(ControlError) -> Int32? {
        guard runner == nil else {
            try channel.reply(to: id, .refused(message: "the machine runs already"))
            return nil
        }
        state = .starting
        let count = descriptors.count
        do {
            try configuration.validate(descriptors: count)
            var started = try Runner(configuration, descriptors: descriptors, began: began)
            try watch.add(started.machine.descriptor, .readable, token: Token.machine.rawValue)
            do throws(MachineError) { try started.start() } catch {
                started.machine.end()
                throw error
            }
            runner = started
            state = .running
            for note in started.machine.notes { try channel.emit(.log(LogLine(level: .warning, text: note))) }
            try channel.emit(
                .started(StartReport(marks: started.marks, vcpuThreads: started.machine.vcpuThreads)))
            try channel.reply(to: id, .done)
            return nil
        } catch let error as ControlError {
            throw error
        } catch {
            try channel.emit(.failed(message: "\(error)"))
            try channel.reply(to: id, .refused(message: "\(error)"))
            return 1
        }
    }

    private mutating func handle(_ event: MachineEvent) throws(ControlError) -> Int32? {
        switch event {
        case .poweredOff:
            if restartsOnPowerOff { return try reset(.requested) }
            state = .ended
            try channel.emit(.guestShutdown)
            return 0
        case .resetRequested: return try reboot(.acpi)
        case .tripleFaulted: return try reboot(.tripleFault)
        case .panicked(let panic): return try handle(panic: panic.rawValue)
        case .diskStopped(let failure):
            let wasPaused = runner?.machine.isPaused ?? true
            guard let machine = runner?.machine, diskWait.stop(machine) else { return nil }
            try channel.emit(
                .diskStopped(
                    DiskStop(disk: failure.disk, message: failure.error.description, isNoSpace: failure.isNoSpace)))
            if !wasPaused {
                state = .paused
                try channel.emit(.paused)
            }
            return nil
        case .watchdogExpired: return try handleWatchdog()
        case .channelsChanged:
            try tellChannels()
            return nil
        case .failed(let line):
            try channel.emit(.failed(message: line))
            return 1
        }
    }

    private mutating func tellChannels() throws(ControlError) {
        let open = runner?.machine.openChannels ?? []
        // A guest that closes what it has just opened is no news.
        if open != openChannels { try channel.emit(.channelsChanged(open: open)) }
        openChannels = open
    }

    private mutating func handleWatchdog() throws(ControlError) -> Int32? {
        let action = runner?.onWatchdog ?? .none
        try channel.emit(.watchdogExpired(action: action))
        switch action {
        case .reset: return try reset(.watchdog)
        case .poweroff: return 1
        case .shutdown: runner?.machine.pressPowerButton()
        case .pause:
            runner?.machine.pause()
            state = .paused
            try channel.emit(.paused)
        case .injectNMI: runner?.machine.injectNMI()
        case .none: break
        }
        return nil
    }

    private mutating func reboot(_ cause: ResetCause) throws(ControlError) -> Int32? {
        guard runner?.onReboot == .restart else {
            try channel.emit(.guestReset(cause: cause))
            return 0
        }
        return try reset(cause)
    }

    private mutating func reset(_ cause: ResetCause) throws(ControlError) -> Int32? {
        restartsOnPowerOff = false
        let goesOn: Bool
        do throws(MachineError) {
            try runner?.machine.reset()
            // A panic's pause and a disk's end with the guest that met them; one that was asked for stays.
            goesOn = runner?.machine.isPaused == true && (state == .panicked || diskWait.isWaiting)
            if goesOn { runner?.machine.resume() }
            diskWait.end()
            state = runner?.machine.isPaused == true ? .paused : .running
        } catch {
            try channel.emit(.failed(message: "The guest cannot be reset: \(error)"))
            return 1
        }
        try channel.emit(.guestReset(cause: cause))
        if goesOn { try channel.emit(.resumed) }
        // The reset closed them all, and forgot to say so with the events of the life before.
        try tellChannels()
        return nil
    }

    private mutating func handle(panic event: UInt8) throws(ControlError) -> Int32? {
        try channel.emit(.guestPanicked(event: event))
        switch runner?.onPanic {
        case .restart: return try reset(.requested)
        case .pause:
            runner?.machine.pause()
            state = .panicked
            return nil
        case .ignore: return nil
        case .exit, nil: return 1
        }
    }

    private var status: MachineStatus {
        MachineStatus(
            state: state, vcpuThreads: runner?.machine.vcpuThreads ?? [],
            uptimeNanoseconds: Clock.monotonic - began, resets: runner?.machine.resets ?? 0)
    }
}
