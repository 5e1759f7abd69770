// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

extension Integration {
    @Suite("Bad input gives one line that names what is wrong, and a status")
    struct BadInput {
        let scratch: Scratch
        let payload: [UInt8]

        init() throws {
            scratch = try Scratch()
            payload = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Payload.path("memory"))))
        }

        /// Runs the launcher with arguments it must refuse.
        private func refused(
            _ arguments: [String], naming words: [String], status: Int32 = 1, through wrapper: [String] = []
        ) throws {
            let launcher = try LauncherProcess.run(arguments, through: wrapper)
            #expect(launcher.exitStatus == status, "\(launcher.errors)")
            #expect(launcher.complaints.count == 1, "\(launcher.errors)")
            for word in words { #expect(launcher.errors.contains(word), "\(launcher.errors)") }
            #expect(launcher.console == "")
        }

        enum Kernel: String, CaseIterable {
            case missing, folder, empty, truncatedELF, truncatedHeader, otherArchitecture, text, zeros4GiB, hugeSegment
        }

        @Test("a kernel that is none", arguments: Kernel.allCases)
        func kernel(_ kind: Kernel) throws {
            let path =
                switch kind {
                case .missing: scratch.path("none")
                case .folder: scratch.folder.path
                case .empty: try scratch.file("kernel")
                case .truncatedELF: try scratch.file("kernel", Array(payload.prefix(payload.count / 2)))
                case .truncatedHeader: try scratch.file("kernel", Array(payload.prefix(40)))
                case .otherArchitecture: try scratch.file("kernel", changed(at: 18, to: [0xB7, 0x00]))
                case .text: try scratch.file("kernel", Array("#!/bin/sh\nexit 0\n".utf8))
                case .zeros4GiB: try scratch.file("kernel", size: 4 << 30)
                // The size of the first segment in memory.
                case .hugeSegment: try scratch.file("kernel", changed(at: 64 + 40, to: [0, 0, 0, 0, 0, 0, 0, 0x7F]))
                }
            try refused(["--kernel", path], naming: [kind == .missing ? path : "kernel"])
        }

        private func changed(at offset: Int, to bytes: [UInt8]) -> [UInt8] {
            var image = payload
            image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            return image
        }

        @Test(
            "a socket device on a host that has none, with the remedy",
            .enabled(if: access("/dev/vhost-vsock", F_OK) != 0))
        func vsock() throws {
            try refused(
                ["--kernel", try Payload.path("memory"), "--vsock", "77"],
                naming: ["--vsock", "/dev/vhost-vsock", "modprobe vhost_vsock"])
        }

        @Test("an initrd that is missing or larger than memory", arguments: [nil, 256 << 20, 8 << 40])
        func initrd(size: Int?) throws {
            var path = scratch.path("initrd")
            if let size { path = try scratch.file("initrd", size: size) }
            try refused(
                ["--kernel", Payload.path("memory"), "--initrd", path, "--memory", "128M"], naming: ["initrd"])
        }

        @Test(
            "flags that make no sense",
            arguments: [
                (["--kernel"], "--kernel"), (["--speed", "9"], "--speed"), ([], "--kernel"),
                (["--memory", "lots"], "--memory"), (["--memory", "-5"], "--memory"),
                (["--memory", "99999999999999999999T"], "--memory"), (["--cpus", "0"], "--cpus"),
                (["--cpus", "many"], "--cpus"), (["--cpus", "sockets=0"], "--cpus"), (["--disk", "path="], "--disk"),
                (["--disk", "readonly=on"], "--disk"), (["--disk", "path=a,cache=some"], "--disk cache"),
                (["--disk", "path=a,backing-format=raw"], "backing="), (["--disk", "path=a,iops-burst=9"], "limit"),
                (["--net", "tap="], "--net"),
                (["--net", "tap=a,mac=ff:ff:ff:ff:ff:ff"], "--net"), (["--serial", "tcp:1"], "--serial"),
                (["--sandbox", "maybe"], "--sandbox"), (["--control-fd", "1"], "--control-fd"),
                (["--control-fd", "99"], "control"), (["--prefault", "1000"], "--prefault"),
            ])
        func flags(arguments: [String], word: String) throws {
            let launcher = try LauncherProcess.run(arguments)
            #expect(launcher.exitStatus == 1 || launcher.exitStatus == 2)
            #expect(launcher.complaints.count == 1 && launcher.errors.contains(word), "\(launcher.errors)")
        }

        @Test(
            "machines that cannot be",
            arguments: [
                (["--memory", "0"], "memory"), (["--memory", "1M"], "memory"), (["--memory", "16777215T"], "memory"),
                (["--memory", "64T"], "memory"), (["--memory", "100000001"], "memory"), (["--cpus", "1025"], "cpu"),
                (["--cpus", "sockets=4294967295,cores=4294967295,threads=4294967295"], "cpu"),
                (["--hugepages", "4K"], "memory"), (["--cmdline", String(repeating: "x", count: 3000)], "commandLine"),
                (["--name", ""], "name"), (["--disk", "path=/nowhere/disk.raw"], "/nowhere/disk.raw"),
                (["--disk", "path=/etc/hostname,serial=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,readonly=on"], "serial"),
                (["--disk", "path=/tmp"], "/tmp"), (["--net", "tap=apus-none"], "apus-none"),
                (["--net", "tap=a-name-far-too-long-for-it"], "a-name-far-too-long-for-it"),
                (["--serial", "unix:/nowhere/socket"], "/nowhere/socket"),
            ])
        func machines(arguments: [String], word: String) throws {
            try refused(["--kernel", Payload.path("memory")] + arguments, naming: [word])
        }

        @Test("more vCPUs than KVM allows")
        func vcpus() throws {
            try refused(["--kernel", Payload.path("memory"), "--cpus", "sockets=1024,cores=2"], naming: ["cpu"])
        }

        @Test("a pool of huge pages that is too small is named")
        func hugepages() throws {
            // More than any machine that runs tests has.
            try refused(
                ["--kernel", Payload.path("memory"), "--hugepages", "1G", "--memory", "16T"],
                naming: ["hugepages-1048576kB"])
        }

        @Test("a tap that somebody else uses", .enabled(if: geteuid() == 0, "making a tap needs root"))
        func busyTap() throws {
            let tap = "apus\(getpid() % 100_000)"
            let first = try LauncherProcess(
                ["--kernel", Payload.path("counter"), "--cmdline", "seconds=100000", "--net", "tap=\(tap)"],
                through: inOwnNetwork("ip tuntap add \(tap) mode tap vnet_hdr"))
            try first.waitForConsole("counter ready")
            try refused(
                ["--kernel", Payload.path("memory"), "--net", "tap=\(tap)"], naming: [tap],
                through: ["nsenter", "--net=/proc/\(first.processID)/ns/net"])
        }

        private func inOwnNetwork(_ setUp: String) -> [String] {
            ["unshare", "--net", "sh", "-c", "\(setUp) && exec \"$@\"", "sh"]
        }

        @Test(
            "/dev/kvm absent or forbidden",
            .enabled(if: geteuid() == 0, "hiding /dev/kvm needs root"),
            arguments: [
                ("true", "does not exist"),
                ("touch /dev/kvm && chmod 000 /dev/kvm", "group"),
                ("mknod /dev/kvm c 1 3 && chmod 666 /dev/kvm", "/dev/kvm"),
            ])
        func noKVM(setUp: String, remedy: String) throws {
            let script =
                "mount -t tmpfs none /dev && \(setUp) && exec setpriv --bounding-set=-all --inh-caps=-all -- \"$@\""
            try refused(
                ["--kernel", Payload.path("memory"), "--serial", "none"], naming: ["/dev/kvm", remedy],
                through: ["unshare", "--mount", "sh", "-c", script, "sh"])
        }
    }
}
