// SPDX-License-Identifier: Apache-2.0

import Control
import Foundation
import Glibc
import Linux
import Testing

extension Integration {
    @Suite("Disks of many queues, on the SCSI controller, that come, go, change, grow and fill up")
    struct Disks {
        let scratch: Scratch

        init() throws { scratch = try Scratch() }

        @Test("a queue a vCPU, each driven and verified", arguments: [1, 2, 4])
        func queues(count: Int) throws {
            let path = try scratch.file("disk", size: 32 << 20)
            let launcher = try Payload.run(
                "blockdriver", "queues=\(count) depth=8 count=1000", cpus: "\(count)",
                ["--disk", "path=\(path),queues=\(count)"])
            let device = try #require(launcher.results("device").first)
            #expect(device.contains(" queues=\(count) "), "\(device)")
            #expect(launcher.results("verified").count == 1)
        }

        @Test("blocks are as large as they are asked to be")
        func blocks() throws {
            let path = try scratch.file("disk", size: 8 << 20)
            let launcher = try Payload.run(
                "blockdriver", "mode=features", ["--disk", "path=\(path),logical-block=4096,physical-block=8192"])
            #expect(launcher.console.contains("blk_size=4096"))
        }

        @Test("SCSI disks keep what is written and obey every command; a CD is read", arguments: [1, 2, 4])
        func scsi(queues: Int) throws {
            let disks = try ["a", "b"].flatMap {
                [
                    "--disk",
                    "path=\(try scratch.file($0, size: 16 << 20)),bus=scsi,serial=serial-\($0),queues=\(queues)",
                ]
            }
            let iso = try scratch.file("c", Array(repeating: 0x41, count: 1 << 20))
            let launcher = try Payload.run(
                "scsidriver", "queues=\(queues)", cpus: "\(queues)",
                disks + [
                    "--disk", "path=\(iso),bus=scsi,kind=cdrom,readonly=on,serial=cd", "--disk",
                    "bus=scsi,kind=cdrom,readonly=on",
                ])
            #expect(launcher.results("controller") == ["result kind=controller queues=\(queues) used=\(queues)"])
            let units = launcher.results("unit")
            #expect(units.count == 3)
            #expect(units[0].hasSuffix("type=0 blocks=32768 block_bytes=512 readonly=0 serial=serial-a"))
            #expect(units[2].hasSuffix("type=5 blocks=512 block_bytes=2048 readonly=1 serial=cd"))
            #expect(launcher.results("empty").count == 1)
            #expect(launcher.results("data").count == 2 && launcher.results("commands").count == 2)
            #expect(launcher.results("read_only").count == 1)
            #expect(try Data(contentsOf: URL(fileURLWithPath: iso)).allSatisfy { $0 == 0x41 })
        }

        private func slot(_ path: String, _ mode: Int32, in bundle: inout DescriptorBundle) throws -> DescriptorSlot {
            guard let slot = bundle.add(try FileDescriptor.open(path, mode)) else { throw Unmet("the bundle is full") }
            return slot
        }

        private func attach(
            _ launcher: ControlledLauncher, _ name: String, _ path: String, bus: DiskBus = .scsi
        ) throws -> ControlReply {
            var bundle = DescriptorBundle()
            var disk = DiskConfiguration(name: name, file: try slot(path, O_RDWR, in: &bundle), serial: name)
            disk.bus = bus
            return try launcher.request(.attachDisk(disk), bundle)
        }

        private func insert(
            _ launcher: ControlledLauncher, _ name: String, _ path: String?, force: Bool = false
        ) throws -> ControlReply {
            var bundle = DescriptorBundle()
            let file = try path.map { try slot($0, O_RDONLY, in: &bundle) }
            return try launcher.request(
                .changeMedium(MediumChange(disk: name, file: file, force: force)), bundle)
        }

        @Test("disks come and go, media change and images grow while the guest looks on")
        func hotPlug() throws {
            let launcher = try ControlledLauncher()
            let reply = try launcher.start("scsidriver", "mode=watch count=6") { configuration in
                configuration.hasSCSI = true
                var drive = DiskConfiguration(name: "drive", file: nil, readonly: true)
                drive.bus = .scsi
                drive.kind = .cdrom
                configuration.disks = [drive]
            }
            #expect(reply == .done)
            let process = launcher.process
            try process.waitForConsole("kind=watching units=1")
            let disk = try scratch.file("disk", size: 4 << 20)
            #expect(try attach(launcher, "hot", disk) == .done)
            try process.waitForConsole("kind=event event=1 unit=1 reason=0x1")
            try process.waitForConsole("kind=unit unit=1 type=0 blocks=8192 block_bytes=512 readonly=0 serial=hot")
            truncate(disk, 8 << 20)
            #expect(try launcher.request(.refreshDisk(name: "hot")) == .done)
            try process.waitForConsole("kind=event event=3 unit=1 reason=0x92a")
            try process.waitForConsole("kind=unit unit=1 type=0 blocks=16384 ")
            #expect(try insert(launcher, "drive", try scratch.file("iso", size: 1 << 20)) == .done)
            try process.waitForConsole("kind=event event=3 unit=0 reason=0x28")
            try process.waitForConsole("kind=unit unit=0 type=5 blocks=512 block_bytes=2048")
            #expect(try insert(launcher, "drive", nil) == .done)
            try process.waitForConsole("reason=0x28", times: 2)
            try process.waitForConsole("kind=empty unit=0", times: 2)
            #expect(try launcher.request(.pause) == .done)
            #expect(try launcher.request(.detachDisk(name: "hot")) == .done)
            let other = try scratch.file("other", size: 4 << 20)
            #expect(try attach(launcher, "second", other) == .done)
            #expect(try launcher.request(.resume) == .done)
            try process.waitForConsole("kind=event event=1 unit=1 reason=0x2")
            launcher.waitForClose()
            try process.waitForEnd()
            #expect(process.console.contains("scsidriver done ok"), "\(process.console)\(process.errors)")
            #expect(process.exitStatus == 0)
        }

        @Test("what cannot be attached or changed is refused in a line that names the disk, and harms nothing")
        func refusals() throws {
            let launcher = try ControlledLauncher()
            let disk = try scratch.file("disk", size: 4 << 20)
            #expect(try launcher.start("counter", "seconds=100000", disks: [disk]) == .done)
            let other = try scratch.file("other", size: 4 << 20)
            for (reply, words) in [
                (try attach(launcher, "a", other), "no SCSI controller"),
                (try attach(launcher, "disk0", other, bus: .virtio), "disk disk0"),
                (try launcher.request(.detachDisk(name: "disk0")), "bus: scsi"),
                (try launcher.request(.refreshDisk(name: "nobody")), "disk nobody"),
                (try insert(launcher, "disk0", nil), "disk disk0"),
            ] {
                guard case .refused(let message) = reply else {
                    Issue.record("\(words) was not refused")
                    continue
                }
                #expect(message.contains(words), "\(message)")
            }
            #expect(try launcher.request(.refreshDisk(name: "disk0")) == .done)
            let second = try ControlledLauncher()
            #expect(try second.start("counter", "seconds=100000", adjust: { $0.hasSCSI = true }) == .done)
            for _ in 0..<2 {
                guard case .refused(let message) = try attach(second, "a", disk) else {
                    Issue.record("a disk that another machine writes was attached")
                    continue
                }
                #expect(message.contains("disk a") && message.contains("in use"), "\(message)")
            }
            #expect(try attach(second, "a", other) == .done)
            guard case .refused = try attach(second, "a", other) else {
                Issue.record("a name was taken twice")
                return
            }
            #expect(try second.request(.detachDisk(name: "a")) == .done)
            #expect(try attach(second, "a", other) == .done, "its file was closed and unlocked")
            for machine in [launcher, second] {
                #expect(try machine.status().state == .running)
                #expect(try machine.request(.stop) == .done)
            }
        }

        /// Starts a guest that writes more than the file system holds, and waits until that has stopped it.
        private func fill(_ bus: DiskBus, _ small: SmallFileSystem, resets: Bool = false) throws -> ControlledLauncher {
            let launcher = try ControlledLauncher()
            let path = try small.file("disk", size: 16 << 20)
            let payload = bus == .virtio ? "blockdriver" : "scsidriver"
            let words = bus == .virtio ? "size=8M count=500" : "size=8M count=1500"
            let reply = try launcher.start(payload, words, disks: [path]) { configuration in
                configuration.disks[0].bus = bus
                configuration.disks[0].errorPolicy = .enospace
            }
            #expect(reply == .done)
            try launcher.waitForEvent { $0 == .paused }
            let stop = try #require(
                launcher.events.compactMap { event -> DiskStop? in
                    if case .diskStopped(let stop) = event { stop } else { nil }
                }.first)
            #expect(stop.disk == "disk0" && stop.isNoSpace && stop.message.contains("No space left"), "\(stop)")
            #expect(try launcher.status().state == .paused)
            return launcher
        }

        @Test(
            "a full host pauses the guest, which goes on by itself when there is space",
            .enabled(if: geteuid() == 0, "mounting needs root"), arguments: [DiskBus.virtio, .scsi])
        func noSpace(bus: DiskBus) throws {
            guard let small = SmallFileSystem(mebibytes: 3) else {
                print("Integration: a full disk skipped: nothing can be mounted here")
                return
            }
            let launcher = try fill(bus, small)
            // Still full: it stays paused, and a resume only leads back here.
            let stops = launcher.events.count
            #expect(try launcher.request(.resume) == .done)
            try launcher.waitForEvent { _ in launcher.events.count >= stops + 3 }
            try small.grow(mebibytes: 64)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.events.contains(.resumed))
            #expect(launcher.process.console.contains("done ok"), "\(launcher.process.console)")
            #expect(launcher.process.exitStatus == 0 && launcher.process.errors == "")
        }

        @Test(
            "a reset of a guest that a full host stopped starts it anew; a pause asked for stays",
            .enabled(if: geteuid() == 0, "mounting needs root"))
        func noSpaceReset() throws {
            guard let small = SmallFileSystem(mebibytes: 3) else {
                print("Integration: a full disk skipped: nothing can be mounted here")
                return
            }
            let launcher = try fill(.virtio, small)
            #expect(try launcher.request(.reset) == .done)
            try launcher.process.waitForConsole("kind=device", times: 2)
            // It fills the disk again, and now somebody wants it paused.
            try launcher.waitForEvent { _ in
                launcher.events.count { if case .diskStopped = $0 { true } else { false } } >= 2
            }
            #expect(try launcher.request(.pause) == .done)
            try small.grow(mebibytes: 64)
            launcher.process.read(milliseconds: 2500)
            #expect(try launcher.status().state == .paused)
            #expect(try launcher.request(.resume) == .done)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.console.contains("blockdriver done ok"))
        }

        @Test(
            "errors that are to be reported or ignored never stop a guest",
            .enabled(if: geteuid() == 0, "mounting needs root"),
            arguments: [DiskErrorPolicy.report, .ignore])
        func passedOn(policy: DiskErrorPolicy) throws {
            guard let small = SmallFileSystem(mebibytes: 3) else {
                print("Integration: a full disk skipped: nothing can be mounted here")
                return
            }
            let launcher = try ControlledLauncher()
            let path = try small.file("disk", size: 16 << 20)
            let reply = try launcher.start("blockdriver", "size=8M count=100", disks: [path]) {
                $0.disks[0].errorPolicy = policy
            }
            #expect(reply == .done)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            // Told, the driver gives up at once; not told, it finds other data than it wrote.
            #expect(
                launcher.process.console.contains(policy == .report ? "fail request-failed" : "fail data-differs"),
                "\(launcher.process.console)")
            #expect(!launcher.events.contains(.paused))
        }
    }
}
