// SPDX-License-Identifier: Apache-2.0

import CTestSupport
import Control
import Foundation
import Glibc
import Linux
import Synchronization
import Testing

extension Integration {
    @Suite("Disk images of each format", .enabled(if: ImageSample.hasTools, "qemu-utils are not installed"))
    struct Images {
        let scratch: Scratch

        init() throws { scratch = try Scratch() }

        /// Who carries requests out, and by how many queues.
        struct Way: Sendable, CustomTestStringConvertible {
            var io: String
            var queues: Int
            var more = ""
            var testDescription: String { "io=\(io) queues=\(queues)\(more)" }

            static let all = [
                Way(io: "native", queues: 1), Way(io: "native", queues: 2), Way(io: "threads", queues: 1),
                Way(io: "threads", queues: 2), Way(io: "native", queues: 2, more: ",cache=writethrough"),
                Way(io: "threads", queues: 1, more: ",cache=writeback"),
            ]
        }

        @Test("a guest's writes are where QEMU's tools find them", arguments: ImageSample.Kind.allCases, Way.all)
        func verified(kind: ImageSample.Kind, way: Way) throws {
            let sample = try ImageSample(kind, in: scratch)
            let launcher = try Payload.start(
                "blockdriver", "queues=\(way.queues) depth=16 count=2000", cpus: "\(way.queues)",
                ["--disk", "\(sample.flag),io=\(way.io),queues=\(way.queues)\(way.more)"])
            try launcher.waitForEnd()
            #expect(launcher.console.contains("blockdriver done ok"), "\(launcher.console)\(launcher.errors)")
            #expect(launcher.exitStatus == 0)
            // A host that forbids io_uring says so and serves all the same.
            #expect(launcher.complaints.allSatisfy { way.io == "native" && $0.contains("io_uring cannot be used") })
            for kind in ["write_zeroes", "discard", "refusals", "verified"] {
                #expect(launcher.console.contains("result kind=\(kind)"), "\(kind)")
            }
            try sample.expectClean()
            try sample.expectUntouched()
            try sample.expectBelowUntouched()
        }

        @Test("a disk on the SCSI controller may be an image", arguments: ["native", "threads"], [1, 2])
        func scsi(io: String, queues: Int) throws {
            // The driver expects zeros where it unmapped a few blocks, which only a whole cluster promises.
            let sample = try ImageSample(.smallOnRaw, in: scratch)
            _ = try Payload.run(
                "scsidriver", "queues=\(queues)", cpus: "\(queues)",
                ["--disk", "\(sample.flag),bus=scsi,io=\(io),queues=\(queues)"])
            try sample.expectClean()
            try sample.expectBelowUntouched()
        }

        @Test("an image's tables are in its file while the machine is paused, and it is clean at the end")
        func paused() throws {
            let sample = try ImageSample(.qcow2, in: scratch)
            let launcher = try ControlledLauncher()
            let reply = try launcher.start("blockdriver", "count=20000 depth=32", disks: [sample.path]) {
                $0.disks[0].format = .qcow2
            }
            #expect(reply == .done)
            try launcher.process.waitForConsole("kind=device")
            for _ in 0..<5 {
                guard (try? launcher.request(.pause)) == .done else { break }
                // Nothing worse than leaked clusters: 3 means that.
                let status = system("/usr/bin/qemu-img check -U -q -f qcow2 \(sample.path) >/dev/null 2>&1")
                #expect(status == 0 || status >> 8 == 3)
                guard (try? launcher.request(.resume)) == .done else { break }
                launcher.process.read(milliseconds: 20)
            }
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.console.contains("blockdriver done ok"), "\(launcher.process.console)")
            try sample.expectClean()
        }

        @Test("an image is attached to a running machine, used, and closed when it is detached")
        func hotPlug() throws {
            let sample = try ImageSample(.onRaw, in: scratch)
            let launcher = try ControlledLauncher()
            let reply = try launcher.start("scsidriver", "mode=watch count=2") { $0.hasSCSI = true }
            #expect(reply == .done)
            try launcher.process.waitForConsole("kind=watching")
            var bundle = DescriptorBundle()
            let top = try #require(bundle.add(try FileDescriptor.open(sample.path, O_RDWR)))
            let base = try #require(bundle.add(try FileDescriptor.open(scratch.path("base"), O_RDONLY)))
            var disk = DiskConfiguration(name: "hot", file: top, serial: "hot")
            disk.bus = .scsi
            disk.format = .qcow2
            disk.backing = [ImageLayer(file: base, format: .raw)]
            #expect(try launcher.request(.attachDisk(disk), bundle) == .done)
            try launcher.process.waitForConsole("type=0 blocks=65536 block_bytes=512 readonly=0 serial=hot")
            #expect(try launcher.request(.detachDisk(name: "hot")) == .done)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.console.contains("scsidriver done ok"), "\(launcher.process.console)")
            #expect(launcher.process.exitStatus == 0 && launcher.process.errors == "")
            try sample.expectClean()
        }

        @Test("an image that cannot be served is refused in one line that says what to do")
        func refused() throws {
            let overlay = try ImageSample(.onRaw, in: scratch)
            let raw = try scratch.file("raw", size: 1 << 20)
            let kernel = try Payload.path("memory")
            for (flag, words) in [
                ("path=\(overlay.path),format=qcow2", "needs its backing file"),
                ("path=\(raw),format=qcow2", "is no qcow2 image"),
                ("path=\(overlay.path),format=qcow2,backing=\(raw),backing-format=qcow2", "backing[0]"),
            ] {
                let launcher = try LauncherProcess.run(["--kernel", kernel, "--disk", flag])
                #expect(launcher.exitStatus == 1)
                #expect(launcher.complaints.count == 1 && launcher.errors.contains(words), "\(launcher.errors)")
                #expect(launcher.errors.hasPrefix("disk disk0: "), "\(launcher.errors)")
            }
        }

        @Test("a host that forbids io_uring is told of, and threads serve a disk that asked for it")
        func withoutRings() throws {
            let sample = try ImageSample(.qcow2, in: scratch)
            let arguments = [
                "--kernel", try Payload.path("blockdriver"), "--memory", "128M", "--disk", "\(sample.flag),io=native",
            ]
            let told = Mutex<(console: String, complaints: [String])>(("", []))
            // The filter is the thread's for good, and that of the launcher it starts.
            let thread = try OSThread(name: "forbidden", stackBytes: 1 << 20) {
                guard ctest_forbid(ctest_io_uring_setup(), EPERM) == 0 else { return }
                guard let launcher = try? LauncherProcess.run(arguments) else { return }
                told.withLock { $0 = (launcher.console, launcher.complaints) }
            }
            thread.join()
            let (console, complaints) = told.withLock { $0 }
            #expect(console.contains("blockdriver done ok"), "\(console)")
            #expect(complaints.count == 1)
            #expect(complaints.first?.contains("disk disk0: io_uring cannot be used") == true, "\(complaints)")
            try sample.expectClean()
        }

        @Test("what a guest wrote into a raw disk is never taken for an image")
        func neverProbed() throws {
            let image = try ImageSample(.qcow2, in: scratch)
            let size = try FileManager.default.attributesOfItem(atPath: image.path)[.size] as? Int
            let launcher = try Payload.run("blockdriver", "mode=features", ["--disk", "path=\(image.path)"])
            #expect(launcher.console.contains(" sectors=\((try #require(size) + 511) / 512) "), "\(launcher.console)")
        }
    }
}
