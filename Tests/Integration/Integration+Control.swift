// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Testing

extension Integration {
    @Suite("A supervisor leads the launcher over its socket")
    struct Supervision {
        private static let endless = "seconds=100000 interval=50 ipis=5 halts=2"

        @Test("a machine that started reports its threads, its state and its counters")
        func reports() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.status().state == .configuring)
            #expect(try launcher.start("counter", Self.endless, cpus: 2) == .done)
            let report = launcher.events.compactMap { if case .started(let report) = $0 { report } else { nil } }.first
            #expect(report?.vcpuThreads.count == 2)
            #expect(report?.marks.map(\.name) == ["ready", "built", "confined", "running"])
            try launcher.process.waitForConsole("result kind=ticks")
            let status = try launcher.status()
            #expect(status.state == .running)
            #expect(status.vcpuThreads == report?.vcpuThreads)
            #expect(status.resets == 0)
            guard case .statistics(let statistics) = try launcher.request(.statistics) else {
                Issue.record("no statistics")
                return
            }
            #expect(statistics.vcpus.map(\.index) == [0, 1])
            // Every character of the console is one exit of the first vCPU.
            let ports = statistics.vcpus[0].exits.first { $0.name == "port" }?.value ?? 0
            #expect(ports >= UInt64(launcher.process.console.utf8.count))
            #expect(!statistics.kvm.isEmpty)
            #expect(try launcher.request(.stop) == .done)
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 0)
        }

        @Test("a paused guest stands still and goes on when it is resumed, again and again")
        func pause() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("counter", Self.endless, cpus: 2) == .done)
            for round in 1...3 {
                let process = launcher.process
                try process.waitForConsole("kind=ticks", times: process.occurrences(of: "kind=ticks") + 2)
                #expect(try launcher.request(.pause) == .done)
                #expect(try launcher.status().state == .paused)
                #expect(launcher.events.filter { $0 == .paused }.count == round)
                // What was written before the pause is still on its way through the console.
                process.read(milliseconds: 200)
                let seen = process.console
                process.read(milliseconds: 400)
                #expect(process.console == seen)
                #expect(try launcher.request(.resume) == .done)
                #expect(try launcher.status().state == .running)
                #expect(launcher.events.filter { $0 == .resumed }.count == round)
                try process.waitForConsole("kind=ticks", times: process.occurrences(of: "kind=ticks") + 2)
            }
            #expect(try launcher.request(.stop) == .done)
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 0)
        }

        @Test("a guest can be stopped while it is paused")
        func stopPaused() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("counter", Self.endless, cpus: 2) == .done)
            #expect(try launcher.request(.pause) == .done)
            #expect(try launcher.request(.stop) == .done)
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 0)
        }

        @Test("a requested reset starts the guest anew in the same process; a paused one stays paused")
        func reset() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("counter", Self.endless, cpus: 2) == .done)
            try launcher.process.waitForConsole("counter ready")
            let threads = try launcher.status().vcpuThreads
            for boots in 2...4 {
                if boots == 4 { #expect(try launcher.request(.pause) == .done) }
                #expect(try launcher.request(.reset) == .done)
                if boots == 4 {
                    #expect(try launcher.status().state == .paused)
                    #expect(try launcher.request(.resume) == .done)
                }
                try launcher.process.waitForConsole("counter ready", times: boots)
                let status = try launcher.status()
                #expect(status.state == .running && status.resets == UInt64(boots - 1))
                #expect(status.vcpuThreads == threads)
            }
            #expect(launcher.events.filter { $0 == .guestReset(cause: .requested) }.count == 3)
            #expect(try launcher.request(.stop) == .done)
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 0)
        }

        @Test("a guest's own end is told before the launcher ends")
        func guestShutdown() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("memory") == .done)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.events.last == .guestShutdown)
            #expect(launcher.process.exitStatus == 0)
        }

        @Test(
            "a reboot that is to end the machine does, and says why",
            arguments: [("mode=reset", ResetCause.acpi), ("mode=triplefault", .tripleFault)])
        func reboot(words: String, cause: ResetCause) throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("memory", words) { $0.onReboot = .exit } == .done)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.events.last == .guestReset(cause: cause))
            #expect(launcher.process.exitStatus == 0)
        }

        @Test("a guest that does not listen goes on when its power button is pressed")
        func powerButton() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("counter", Self.endless) == .done)
            #expect(try launcher.request(.powerButton) == .done)
            try launcher.process.waitForConsole("kind=ticks", times: 3)
            #expect(try launcher.status().state == .running)
            // The launcher leaves signals to its supervisor.
            launcher.process.kill(SIGTERM)
            launcher.process.kill(SIGTERM)
            try launcher.process.waitForConsole("kind=ticks", times: 6)
            #expect(try launcher.status().state == .running)
            #expect(try launcher.request(.stop) == .done)
            try launcher.process.waitForEnd()
        }

        @Test("requests that come too early or twice are refused and harm nothing")
        func order() throws {
            let launcher = try ControlledLauncher()
            for request in [ControlRequest.pause, .resume, .powerButton, .reset, .statistics] {
                guard case .refused(let reason) = try launcher.request(request) else {
                    Issue.record("\(request) was not refused")
                    continue
                }
                #expect(reason.contains("not been started"))
            }
            #expect(try launcher.start("counter", Self.endless) == .done)
            guard case .refused = try launcher.start("counter") else {
                Issue.record("a second start was not refused")
                return
            }
            try launcher.process.waitForConsole("kind=ticks")
            #expect(try launcher.request(.stop) == .done)
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 0)
        }

        @Test("the launcher ends at once when its supervisor is gone")
        func orphan() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("counter", Self.endless, cpus: 2) == .done)
            try launcher.process.waitForConsole("kind=ticks")
            launcher.hangUp()
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 1)
        }

        @Test("a launcher that was killed leaves an end of stream and nothing else")
        func killed() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("counter", Self.endless, cpus: 2) == .done)
            launcher.process.kill(SIGKILL)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.killedBy == SIGKILL)
        }
    }
}
