// SPDX-License-Identifier: Apache-2.0

import Control
import Foundation
import Glibc
import Linux
import Testing

extension Integration {
    @Suite("Balloon, console channel and watchdog, each with its driver, behind every filter")
    struct SmallDevices {
        let scratch: Scratch

        init() throws { scratch = try Scratch() }

        @Test(
            "pages go into the balloon, free ones are reported, and statistics are asked for again and again",
            arguments: ["", " ring=packed"])
        func balloon(ring: String) throws {
            let launcher = try Payload.run(
                "smalldevices", "mode=balloon rounds=3" + ring, ["--balloon", "statistics=1"])
            #expect(launcher.console.contains("kind=inflated pages=256"))
            #expect(launcher.console.contains("kind=reported pages=256"))
            #expect(launcher.console.contains("kind=asked rounds=3"))
        }

        @Test("a balloon without reporting does not offer it")
        func noReporting() throws {
            let launcher = try Payload.run("smalldevices", "rounds=1", ["--balloon", "reporting=off,statistics=1"])
            #expect(!launcher.console.contains("kind=reported"))
        }

        @Test("a target reaches the guest, what came of it is told, and one that makes no sense is refused")
        func target() throws {
            let launcher = try ControlledLauncher()
            let reply = try launcher.start("smalldevices", "rounds=1 target=2048") {
                $0.balloon = BalloonConfiguration(statisticsSeconds: 1)
            }
            #expect(reply == .done)
            try launcher.process.waitForConsole("kind=waiting")
            #expect(
                try launcher.request(.balloon(bytes: 129 << 20))
                    == .refused(message: "balloon: 135266304 bytes are more than the 134217728 that this machine has"))
            #expect(try launcher.request(.balloon(bytes: (128 << 20) - 2048 * 4096)) == .done)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.console.contains("kind=reached pages=2048"), "\(launcher.process.console)")
        }

        @Test("what the balloon has done and what the guest says of its memory is among the statistics")
        func statistics() throws {
            let launcher = try ControlledLauncher()
            _ = try launcher.start("smalldevices", "rounds=1 target=1") {
                $0.balloon = BalloonConfiguration(statisticsSeconds: 1)
            }
            try launcher.process.waitForConsole("kind=waiting")
            guard case .statistics(let all) = try launcher.request(.statistics) else { throw Unmet("no statistics") }
            let counters = all.devices.first { $0.name == "balloon" }?.counters ?? []
            func value(_ name: String) -> UInt64? { counters.first { $0.name == name }?.value }
            #expect(value("inflatedPages") == 256 && value("deflatedPages") == 256)
            #expect(value("reportedBytes") == 256 * 4096 && value("refusals") == 0)
            #expect(value("guestTotalBytes") == 128 << 20 && value("guestFreeBytes") == 1 << 20)
            #expect(value("guestSwapInBytes") == nil)
            #expect(try launcher.request(.stop) == .done)
        }

        @Test("a reset gives the guest all its memory back and leaves the target to the next driver")
        func balloonReset() throws {
            let launcher = try ControlledLauncher()
            _ = try launcher.start("smalldevices", "rounds=1 target=2048") {
                $0.balloon = BalloonConfiguration(statisticsSeconds: 1)
            }
            try launcher.process.waitForConsole("kind=waiting")
            #expect(try launcher.request(.reset) == .done)
            try launcher.process.waitForConsole("kind=waiting", times: 2)
            #expect(try launcher.request(.balloon(bytes: 120 << 20)) == .done)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            let console = launcher.process.console
            #expect(console.components(separatedBy: "kind=inflated pages=256").count == 3, "\(console)")
            #expect(console.contains("smalldevices done ok"))
        }

        @Test("a machine without a balloon says so")
        func noBalloon() throws {
            let launcher = try ControlledLauncher()
            _ = try launcher.start("counter", "seconds=100000")
            #expect(
                try launcher.request(.balloon(bytes: 1 << 20)) == .refused(message: "balloon: this machine has none"))
            #expect(try launcher.request(.stop) == .done)
        }

        /// Sends lines to a channel and reads them back.
        private func talk(_ socket: borrowing UnixSocket, _ lines: [String]) throws {
            for line in lines {
                try socket.descriptor.writeAll(Array(line.utf8))
                var back: [UInt8] = []
                while back.count < line.utf8.count {
                    var wait = pollfd(fd: socket.descriptor.raw, events: Int16(POLLIN), revents: 0)
                    guard poll(&wait, 1, Int32(LauncherProcess.patience * 1000)) == 1 else { throw Unmet("no echo") }
                    var chunk = [UInt8](repeating: 0, count: 4096)
                    let count = read(socket.descriptor.raw, &chunk, chunk.count)
                    guard count > 0 else { throw Unmet("the channel ended behind \(back.count) bytes") }
                    back += chunk[..<count]
                }
                #expect(back == Array(line.utf8))
            }
        }

        @Test(
            "a channel carries bytes both ways, and whoever connects next goes on", arguments: ["", " ring=packed"])
        func channel(ring: String) throws {
            let path = scratch.path("channel")
            let launcher = try Payload.start(
                "smalldevices", "mode=console rounds=2" + ring, ["--channel", "name=org.test.echo,path=\(path)"])
            try launcher.waitForConsole("kind=open round=0")
            do { try talk(try UnixSocket.connect(path), (0..<100).map { "line \($0)\n" } + ["bye\n"]) }
            try launcher.waitForConsole("kind=closed lines=100")
            try launcher.waitForConsole("kind=open round=1")
            do { try talk(try UnixSocket.connect(path), ["again\n", "bye\n"]) }
            try launcher.waitForEnd()
            #expect(launcher.console.contains("kind=port name_bytes=13"))
            #expect(launcher.console.contains("smalldevices done ok"), "\(launcher.console)\(launcher.errors)")
            #expect(launcher.exitStatus == 0)
        }

        @Test("the supervisor hears which channels the guest has open, also through pause and reset")
        func channelEvents() throws {
            let pair = try UnixSocket.pair()
            let launcher = try ControlledLauncher()
            #expect(
                try launcher.start("smalldevices", "mode=console rounds=2", channel: pair.first.descriptor.raw) == .done
            )
            try launcher.process.waitForConsole("kind=open round=0")
            try launcher.waitForEvent { $0 == .channelsChanged(open: ["test"]) }
            #expect(try launcher.request(.pause) == .done)
            try pair.second.descriptor.writeAll(Array("while it stands\n".utf8))
            #expect(try launcher.request(.resume) == .done)
            var back = [UInt8](repeating: 0, count: 16)
            #expect(recv(pair.second.descriptor.raw, &back, 16, Int32(MSG_WAITALL)) == 16)
            #expect(back == Array("while it stands\n".utf8))
            #expect(try launcher.request(.reset) == .done)
            try launcher.waitForEvent { $0 == .channelsChanged(open: []) }
            try launcher.process.waitForConsole("kind=open round=0", times: 2)
            try talk(pair.second, ["one\n", "bye\n", "two\n", "bye\n"])
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.console.contains("smalldevices done ok"), "\(launcher.process.console)")
            #expect(launcher.events.filter { $0 == .channelsChanged(open: ["test"]) }.count >= 2)
        }

        @Test("a guest that stops feeding its watchdog starts again, and finds out why")
        func watchdogReset() throws {
            let launcher = try Payload.start("smalldevices", "mode=watchdog", ["--watchdog", "reset"])
            try launcher.waitForEnd()
            #expect(launcher.console.contains("kind=watchdog acted=0"))
            #expect(launcher.console.contains("kind=starving"))
            #expect(launcher.console.contains("kind=watchdog acted=1"))
            #expect(launcher.errors == "The guest stopped feeding its watchdog: reset\n")
            #expect(launcher.exitStatus == 0)
        }

        @Test("a watchdog that switches the power off ends the launcher")
        func watchdogPowerOff() throws {
            let launcher = try Payload.start("smalldevices", "mode=watchdog", ["--watchdog", "poweroff"])
            try launcher.waitForEnd()
            #expect(launcher.errors == "The guest stopped feeding its watchdog: poweroff\n")
            #expect(launcher.exitStatus == 1)
        }

        @Test(
            "what a watchdog did is told, and the launcher goes on as it should",
            arguments: [WatchdogAction.pause, .injectNMI, .shutdown, .none])
        func watchdogEvents(action: WatchdogAction) throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("smalldevices", "mode=watchdog") { $0.watchdog = action } == .done)
            try launcher.waitForEvent { $0 == .watchdogExpired(action: action) }
            if action == .pause { try launcher.waitForEvent { $0 == .paused } }
            #expect(try launcher.status().state == (action == .pause ? .paused : .running))
            #expect(try launcher.request(.stop) == .done)
        }

        @Test("time that a machine stands still is not its watchdog's")
        func watchdogPaused() throws {
            let launcher = try ControlledLauncher()
            // Two stages of two seconds each.
            #expect(
                try launcher.start("smalldevices", "mode=watchdog ticks=2048") { $0.watchdog = WatchdogAction.none }
                    == .done)
            try launcher.process.waitForConsole("kind=starving")
            #expect(try launcher.request(.pause) == .done)
            sleep(6)
            #expect(!launcher.events.contains(.watchdogExpired(action: .none)))
            #expect(try launcher.request(.resume) == .done)
            try launcher.waitForEvent { $0 == .watchdogExpired(action: .none) }
            #expect(try launcher.request(.stop) == .done)
        }

        @Test("their threads are confined like all others")
        func confined() throws {
            let launcher = try Payload.start(
                "counter", "seconds=100000 interval=50",
                [
                    "--balloon", "on", "--watchdog", "reset", "--channel", "name=c,path=\(scratch.path("c"))",
                    "--terminal", "unix:\(scratch.path("t"))",
                ])
            try launcher.waitForConsole("kind=ticks")
            let tasks = try TaskStatus.all(of: launcher.processID)
            for name in ["ports", "balloon"] {
                let task = try #require(tasks.first { $0.name == name })
                #expect(task.fields["Seccomp"] == "2" && task.fields["CapEff"] == "0000000000000000", "\(name)")
            }
            #expect(tasks.filter { $0.name == "console" }.count == 2, "the serial port's and the terminal's")
        }

        @Test(
            "flags that make no sense are refused by their name",
            arguments: [
                (["--watchdog", "explode"], "--watchdog: must be one of"), (["--balloon", "x=1"], "--balloon: takes"),
                (["--balloon", "statistics=x"], "--balloon: statistics must be"),
                (["--channel", "name=a"], "--channel: needs name=NAME,path=PATH"),
                (["--channel", "name=a/b,path=/tmp/apus-nowhere/x"], "--channel: /tmp/apus-nowhere/x: "),
                (["--terminal", "stdio"], "--terminal: standard input and output"),
            ])
        func flags(words: [String], message: String) throws {
            let launcher = try LauncherProcess.run(["--kernel", Payload.path("memory")] + words)
            #expect(launcher.exitStatus != 0)
            #expect(launcher.complaints.count == 1 && launcher.errors.contains(message), "\(launcher.errors)")
        }
    }
}
