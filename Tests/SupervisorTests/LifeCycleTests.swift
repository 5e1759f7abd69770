// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Supervisor
import Testing
import VMISpec

@Suite("A supervisor and its launcher", .serialized)
struct LifeCycleTests {
    static let start: [ControlEvent] = [
        .ready(LauncherGreeting(version: "test", processID: 1)),
        .started(StartReport(marks: [TimingMark(name: "running", nanoseconds: 1_000_000)], vcpuThreads: [7])),
    ]

    private func run(
        _ fixture: Fixture, _ events: [ControlEvent], then script: String, requests: String? = nil, grace: Int = 1
    ) throws -> Outcome {
        let (manifest, document) = try Fixture.manifest(grace: grace)
        let environment = try fixture.launcher(events, then: script)
        var owner: FileDescriptor?
        var mine: UnixSocket?
        if let requests {
            let pair = try UnixSocket.pair()
            owner = try pair.second.descriptor.duplicate()
            let kept = UnixSocket(owning: try pair.first.descriptor.duplicate())
            try kept.descriptor.writeAll(Array(requests.utf8))
            mine = consume kept
        }
        let supervision = try Supervision.start(
            manifest, document: document, fixture.options, environment: environment, owner: owner)
        let outcome = supervision.run()
        _ = mine.take()
        return outcome
    }

    @Test("a guest that powers off ends well and leaves nothing behind")
    func poweredOff() throws {
        let fixture = try Fixture()
        let outcome = try run(fixture, Self.start + [.guestShutdown], then: "exit 0")
        #expect(outcome == .poweredOff)
        #expect(fixture.leftovers.isEmpty)
    }

    @Test(
        "a launcher's death is told with its signal or status and its last words",
        arguments: [
            ("echo 'forbidden system call execve on a block thread' >&2; kill -SYS $$", "SIGSYS (31)", "execve"),
            ("echo out of luck >&2; exit 3", "status 3", "out of luck"),
            ("kill -9 $$", "SIGKILL (9)", "killed"),
            ("printf 'no line end' >&2; exit 4", "status 4", "no line end"),
        ])
    func death(_ script: String, _ how: String, _ words: String) throws {
        for events in [[], [Self.start[0]], Self.start] {
            let fixture = try Fixture()
            guard case .failed(let line) = try run(fixture, events, then: script) else {
                Issue.record("a death was taken for a power-off")
                return
            }
            #expect(line.contains(how) && line.contains(words), "\(line)")
            #expect(!line.contains("\n"))
            #expect(fixture.leftovers.isEmpty)
        }
    }

    @Test("what a launcher says of its failure is the outcome")
    func failed() throws {
        let fixture = try Fixture()
        let outcome = try run(fixture, [.failed(message: "The kernel is no kernel")], then: "exit 1")
        #expect(outcome == .failed("The kernel is no kernel"))
    }

    @Test("a watchdog that switches the power off fails the VM, one that does anything else does not")
    func watchdog() throws {
        let fixture = try Fixture()
        let off = try run(fixture, Self.start + [.watchdogExpired(action: .poweroff)], then: "exit 1")
        #expect(off == .failed("The guest stopped feeding its watchdog and was powered off"))
        for action in [WatchdogAction.reset, .shutdown, .pause, .injectNMI, .none] {
            let outcome = try run(
                fixture, Self.start + [.watchdogExpired(action: action), .guestShutdown], then: "exit 0")
            #expect(outcome == .poweredOff, "\(action)")
        }
    }

    @Test("channels that open and close without an agent behind them harm nothing")
    func channels() throws {
        let fixture = try Fixture()
        var events = Self.start
        for _ in 0..<50 {
            events += [
                .channelsChanged(open: ["org.qemu.guest_agent.0", "other"]), .paused, .resumed,
                .guestReset(cause: .watchdog), .channelsChanged(open: []),
            ]
        }
        #expect(try run(fixture, events + [.guestShutdown], then: "exit 0") == .poweredOff)
    }

    @Test("a launcher that neither ends nor listens is killed once its time is over")
    func deaf() throws {
        let fixture = try Fixture()
        let outcome = try run(
            fixture, Self.start, then: "sleep 1000",
            requests: "POST /stop HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\n{\"force\":true}")
        #expect(outcome == .failed("The VM was stopped before its guest powered off"))
        #expect(fixture.leftovers.isEmpty)
    }

    @Test("bytes that are no frame end the launcher, not the supervisor")
    func garbage() throws {
        let fixture = try Fixture()
        let outcome = try run(fixture, [], then: "head -c 100 /dev/zero >&3; sleep 1000")
        guard case .failed(let line) = outcome else {
            Issue.record("garbage was taken for a power-off")
            return
        }
        #expect(line.contains("malformed") || line.contains("stopped"), "\(line)")
        #expect(fixture.leftovers.isEmpty)
    }

    @Test("one name runs once; what a killed supervisor left is taken over")
    func names() throws {
        let fixture = try Fixture()
        let base = "\(fixture.path)/apus"
        do {
            let first = try RuntimeDirectory("vm", namespace: "default", in: base)
            let error = try #require(throws: SupervisorError.self) {
                _ = try RuntimeDirectory("vm", namespace: "default", in: base)
            }
            #expect(error.description.contains("runs already"))
            #expect(!RuntimeDirectory.sweep(first.path))
        }
        #expect(fixture.leftovers.isEmpty)
        mkdir("\(base)/default_vm", 0o700)
        try fixture.write("apus/default_vm/lock", [])
        try fixture.write("apus/default_vm/control.sock", [])
        #expect(RunningInstances.directories(in: base).isEmpty)
        #expect(fixture.leftovers.isEmpty)
    }
}
