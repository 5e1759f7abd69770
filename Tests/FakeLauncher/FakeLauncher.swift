// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Record

/// A launcher without a machine, whose console echoes.
final class FakeLauncher {
    private var channel: ControlChannel
    private let words: Set<String>
    /// Open until the end of this process.
    private var listener: Int32 = -1
    /// The console's one client; open until the end of this process.
    private var console: Int32 = -1
    private var isPaused = false

    init(_ words: Set<String>) throws {
        self.words = words
        channel = try ControlChannel(UnixSocket(owning: FileDescriptor(owning: 3)))
        try channel.emit(.ready(LauncherGreeting(version: "fake", processID: CurrentProcess.id)))
    }

    /// Serves until it is told to end.
    func serve() throws {
        while true {
            while var received = try channel.next() {
                guard case .request(let id, let request) = received.message else { continue }
                if case .start(let machine) = request, case .listener(let slot) = machine.console,
                    let socket = received.descriptors.take(slot)
                {
                    listener = socket.release()
                }
                try answer(id, request)
            }
            try channel.flush()
            serveConsole()
            var entries = [pollfd(fd: channel.raw, events: Int16(POLLIN), revents: 0)]
            if console >= 0 { entries.append(pollfd(fd: console, events: Int16(POLLIN), revents: 0)) }
            poll(&entries, nfds_t(entries.count), console < 0 ? 20 : -1)
        }
    }

    private func serveConsole() {
        if console < 0, listener >= 0 {
            console = accept(listener, nil, nil)
            if console >= 0 { "login: ".withCString { _ = send(console, $0, 7, 0) } }
        }
        guard console >= 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = chunk.withUnsafeMutableBytes { recv(console, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
        if count > 0 { chunk.withUnsafeBytes { _ = send(console, $0.baseAddress, count, 0) } }
    }

    private func answer(_ id: UInt64, _ request: ControlRequest) throws {
        if case .start = request {
            let marks = [TimingMark(name: "running", nanoseconds: 2_500_000)]
            try channel.emit(.started(StartReport(marks: marks, vcpuThreads: [CurrentProcess.id])))
            return try channel.reply(to: id, .done)
        }
        if case .stop = request {
            try channel.reply(to: id, .done)
            exit(0)
        }
        if words.contains("mute") { return }
        if words.contains("refuses") { return try channel.reply(to: id, .refused(message: "not now")) }
        switch request {
        case .pause:
            if words.contains("crashes") { kill(CurrentProcess.id, SIGKILL) }
            if words.contains("hangs-up") {
                shutdown(3, Int32(SHUT_RDWR))
                sleep(1000)
            }
            if words.contains("panics") { try channel.emit(.guestPanicked(event: 1)) }
            isPaused = true
            try channel.emit(.paused)
        case .resume:
            if isPaused { try channel.emit(.resumed) }
            isPaused = false
        case .reset, .softReboot: try channel.emit(.guestReset(cause: .requested))
        case .powerButton:
            if words.contains("obeys") {
                try channel.emit(.guestShutdown)
                exit(0)
            }
        case .status: return try channel.reply(to: id, .status(MachineStatus(state: .running)))
        case .statistics: return try channel.reply(to: id, .statistics(Self.statistics))
        case .deviceState where words.contains("hotplug"):
            return try channel.reply(to: id, .deviceState(.list([.text("serial"), .unsigned(1)])))
        case .detachDisk where words.contains("forgets"): return
        case .attachDisk, .detachDisk, .balloon, .changeMedium, .refreshDisk, .resizeDisk, .setLink: break
        case .deviceState:
            return try channel.reply(to: id, .unsupported(message: "this machine cannot tell"))
        case .start, .stop: return
        }
        try channel.reply(to: id, .done)
    }

    private static let statistics = MachineStatistics(
        vcpus: [VCPUStatistics(index: 0, exits: [Counter(name: "port", value: 7), Counter(name: "memory", value: 3)])],
        kvm: [Counter(name: "remote_tlb_flush", value: 4)],
        devices: [
            DeviceStatistics(
                name: "d",
                counters: [
                    Counter(name: "reads", value: 5), Counter(name: "bytesRead", value: 4096),
                    Counter(name: "readNanoseconds", value: 1_500_000_000),
                    Counter(name: "latencyBelow2^10", value: 2), Counter(name: "latencyBelow2^12", value: 3),
                    Counter(name: "latencyBeyond", value: 1), Counter(name: "latencyNanoseconds", value: 9000),
                ])
        ])
}
