// SPDX-License-Identifier: Apache-2.0

import Control
import Foundation
import Glibc
import Testing

extension Integration {
    @Suite("Virtio devices under drivers that verify, and under one that attacks")
    struct VirtioDevices {
        let scratch: Scratch

        init() throws { scratch = try Scratch() }

        private func disk(_ name: String = "disk", bytes: Int = 32 << 20) throws -> String {
            try scratch.file(name, size: bytes)
        }

        @Test(
            "a disk keeps what is written, discards, zeroes, and refuses what it must",
            arguments: [
                "mode=verify", "bs=65536 depth=8 parts=5 wait=poll indirect=off",
                "bs=512 depth=64 eventidx=off size=1M",
                "bs=4096 depth=16 parts=6 pci=ports", "bs=4096 depth=32 parts=3 ring=packed",
                "bs=65536 depth=8 parts=5 wait=poll indirect=off ring=packed",
                "bs=512 depth=64 eventidx=off size=1M ring=packed",
            ])
        func block(words: String) throws {
            let launcher = try Payload.run("blockdriver", words, ["--disk", "path=\(try disk()),serial=apus-1"])
            for kind in ["write_zeroes", "discard", "refusals", "verified"] {
                #expect(launcher.console.contains("result kind=\(kind)"), "\(kind)")
            }
        }

        @Test("a read-only disk is read and never written")
        func readOnly() throws {
            let path = try scratch.file("disk", Array(repeating: 0x41, count: 1 << 20))
            let launcher = try Payload.run("blockdriver", "", ["--disk", "path=\(path),readonly=on"])
            #expect(launcher.console.contains("result kind=read_only"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)).allSatisfy { $0 == 0x41 })
        }

        @Test("each of several disks is driven by itself", arguments: [0, 1, 2])
        func several(index: Int) throws {
            let disks = try (0..<3).flatMap { ["--disk", "path=\(try disk("disk\($0)", bytes: (8 << 20) << $0))"] }
            let launcher = try Payload.run("blockdriver", "disk=\(index) count=300", disks)
            let device = try #require(launcher.results("device").first)
            #expect(
                device.contains(" sectors=\(16_384 << index) ") || device.contains("=\(16_384 << index)"), "\(device)")
        }

        @Test("a disk serves the guest that a reset starts, whether it was busy or paused at the reset")
        func blockReset() throws {
            let launcher = try ControlledLauncher()
            #expect(try launcher.start("blockdriver", "count=3000 depth=32", disks: [try disk()]) == .done)
            for boots in 1...4 {
                try launcher.process.waitForConsole("kind=device", times: boots)
                if boots % 2 == 0 { #expect(try launcher.request(.pause) == .done) }
                #expect(try launcher.request(.reset) == .done)
                if boots % 2 == 0 { #expect(try launcher.request(.resume) == .done) }
            }
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.console.contains("apus-guest blockdriver done ok"))
            #expect(launcher.process.exitStatus == 0)
        }

        @Test(
            "requests survive pauses: each is answered once and its data is right",
            arguments: ["", " ring=packed", " ring=packed indirect=off"])
        func blockPaused(words: String) throws {
            let launcher = try ControlledLauncher()
            let reply = try launcher.start(
                "blockdriver", "count=30000 depth=32\(words)", disks: [try disk()])
            #expect(reply == .done)
            try launcher.process.waitForConsole("kind=device")
            for _ in 0..<10 {
                guard (try? launcher.request(.pause)) == .done else { break }
                launcher.process.read(milliseconds: 10)
                guard (try? launcher.request(.resume)) == .done else { break }
                launcher.process.read(milliseconds: 20)
            }
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.console.contains("blockdriver done ok"), "\(launcher.process.console)")
            #expect(launcher.events.last == .guestShutdown)
            #expect(launcher.events.contains(.paused))
        }

        @Test("a disk that another machine writes is refused by its path")
        func busyDisk() throws {
            let path = try disk()
            let first = try Payload.start(
                "counter", "seconds=100000", ["--disk", "path=\(path)"])
            try first.waitForConsole("counter ready")
            let second = try LauncherProcess.run(
                ["--kernel", Payload.path("memory"), "--disk", "path=\(path)"])
            #expect(second.exitStatus == 1)
            #expect(second.complaints.count == 1, "\(second.errors)")
            #expect(second.console == "")
        }

        @Test(
            "frames cross from one machine to another and back, every byte verified",
            .enabled(if: geteuid() == 0, "making taps needs root"),
            arguments: [
                ("", "count=500"), ("rxbuf=256", "count=300 size=1400 window=8 eventidx=off indirect=off"),
                ("mrg=off", "count=300 size=60"), ("ring=packed", "count=500 ring=packed"),
                (
                    "rxbuf=256 ring=packed",
                    "count=300 size=1400 window=8 eventidx=off indirect=off ring=packed"
                ),
                ("pairs=2 control=on", "count=600 pairs=2"), ("offload=on", "count=300 pairs=2 offload=on"),
            ])
        func net(echo: String, send: String) throws {
            // Two taps on a bridge, in a network of their own; those of two pairs have two queues, with vhost if there is.
            func net(_ words: String, _ tap: String) -> String {
                let vhost = access("/dev/vhost-net", R_OK | W_OK) == 0 ? ",vhost=on" : ""
                return "tap=\(tap)" + (words.contains("pairs=2") ? ",queues=2\(vhost)" : "")
            }
            let setUp =
                "ip link add wire type bridge && ip link set wire up && for tap in tap0 tap1; do "
                + "ip tuntap add $tap mode tap vnet_hdr multi_queue && ip link set $tap master wire up || exit; done "
                + "&& exec \"$@\""
            let first = try LauncherProcess(
                [
                    "--kernel", Payload.path("netdriver"), "--cmdline", "mode=echo seconds=0 \(echo)", "--net",
                    "\(net(echo, "tap0")),mac=02:00:00:00:00:01", "--memory", "128M",
                ], through: ["unshare", "--net", "sh", "-c", setUp, "sh"])
            try first.waitForConsole("kind=listening")
            let second = try LauncherProcess.run(
                [
                    "--kernel", Payload.path("netdriver"), "--cmdline", "mode=send expect=echo \(send)", "--net",
                    "\(net(send, "tap1")),mac=02:00:00:00:00:02", "--memory", "128M",
                ], through: ["nsenter", "--net=/proc/\(first.processID)/ns/net"])
            #expect(second.console.contains("netdriver done ok"), "\(second.console)\(second.errors)\(first.console)")
            #expect(second.exitStatus == 0)
            #expect(first.waitStatus == nil)
        }

        @Test(
            "a hostile driver breaks neither the process nor the device",
            arguments: ["block", "rng", "net", "console", "balloon"],
            [1, 2])
        func abuse(target: String, seed: Int) throws {
            let words = "target=\(target) rounds=100 seed=\(seed)"
            switch target {
            case "block": _ = try Payload.run("abuse", words, ["--disk", "path=\(try disk())"])
            case "rng": _ = try Payload.run("abuse", words, ["--rng"])
            case "console":
                _ = try Payload.run("abuse", words, ["--channel", "name=test,path=\(scratch.path("channel"))"])
            case "balloon": _ = try Payload.run("abuse", words, ["--balloon", "on"])
            default:
                guard geteuid() == 0 else {
                    print("Integration: attacks on the network need root for a tap")
                    return
                }
                let launcher = try LauncherProcess.run(
                    ["--kernel", Payload.path("abuse"), "--cmdline", words, "--net", "tap=tap0", "--memory", "128M"],
                    through: [
                        "unshare", "--net", "sh", "-c",
                        "ip tuntap add tap0 mode tap vnet_hdr && ip link set tap0 up && exec \"$@\"", "sh",
                    ])
                #expect(launcher.console.contains("abuse done ok"), "\(launcher.console)\(launcher.errors)")
                #expect(launcher.exitStatus == 0)
            }
        }

        @Test("memory written at full speed by two vCPUs holds, page by page", arguments: ["128M", "5G"])
        func dirtier(memory: String) throws {
            let launcher = try Payload.run(
                "dirtier", "seconds=1 pattern=random size=64", cpus: "2", memory: memory)
            #expect(launcher.results("verified").count == 1)
        }
    }
}
