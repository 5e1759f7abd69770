// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Virtual machine instances from manifests, led by the `apus` command in a nested host, see `Inside/manifests`.
@Suite("Manifests become machines")
struct ManifestGuests {
    /// One nested host for all of these tests, once the other one has ended: each takes every CPU there is.
    static let host = Task {
        _ = await StockGuests.host.result
        let images = try await NestedHost.images()
        return try await NestedHost.run(
            "manifests", [NestedHost.programs(), images, "OUT"],
            options: ["--numa", "--memory", "4096", "--disk", "\(images)/debian-root.raw"])
    }

    private static func guest(_ name: String) async throws -> GuestRecord {
        try GuestRecord(name, in: try await host.value)
    }

    /// What a command said on standard output, on standard error, and its status.
    private static func said(_ name: String) async throws -> (output: String, errors: String, status: String) {
        let host = try await host.value
        return (
            try host.text("\(name).output"), try host.text("\(name).errors"),
            try host.text("\(name).status").trimmingCharacters(in: .whitespacesAndNewlines)
        )
    }

    @Test("a full Debian with systemd comes to its login prompt from a raw disk, with cloud-init applied")
    func login() async throws {
        let guest = try await Self.guest("debian")
        let console = guest.lines.joined(separator: "\n")
        #expect(
            console.contains("applied login: "), "\(guest.lines.suffix(40).joined(separator: "\n"))\n\(guest.errors)")
        #expect(console.contains("Welcome to") && console.contains("Debian GNU/Linux 12"))
        #expect(console.contains("Cloud-init v."))
    }

    @Test("a graceful stop lets systemd shut the machine down, and the run ends well")
    func stop() async throws {
        let guest = try await Self.guest("debian")
        #expect(guest.lines.contains { $0.contains("reboot: Power down") })
        #expect(guest.lines.contains { $0.contains("Powering off") || $0.contains("Power Off") })
        #expect(guest.status == 0, "\(guest.errors)")
        #expect(try await Self.said("stop").status == "0")
    }

    @Test("apus ps and describe tell of a machine that runs, and of one that is paused")
    func tells() async throws {
        let list = try await Self.said("ps")
        #expect(list.status == "0")
        #expect(list.output.contains("debian") && list.output.contains("Running"))
        let paused = try await Self.said("ps-paused")
        #expect(paused.output.contains("Running (paused)"))
        let description = try await Self.said("describe")
        #expect(
            description.output.split(separator: "\n").contains { $0.hasPrefix("Agent:") && !$0.contains("not") })
        #expect(description.status == "0" && description.output.contains("debian"))
        #expect(try await Self.said("pause").status == "0")
        #expect(try await Self.said("resume").status == "0")
    }

    @Test("Debian's own agent answers, and has put the keys where they belong")
    func agent() async throws {
        let log = try await Self.host.value.text("debian.log").split(separator: "\n")
        #expect(log.contains("the guest's agent is there"))
        #expect(log.contains("the guest has the access credentials"), "\(log)")
    }

    @Test("a console client that comes late is shown the login prompt")
    func lateClient() async throws {
        #expect(try await Self.host.value.text("late.output").contains("login: "))
    }

    @Test("nothing is left behind")
    func leavesNothing() async throws {
        let host = try await Self.host.value
        #expect(try host.text("left-files") == "")
        #expect(try host.text("left-processes") == "")
        #expect(try await Self.said("ps-after").output.contains("debian") == false)
        #expect(try await Self.said("stop-after").status != "0")
    }

    @Test("the guest sees the host's NUMA nodes, and the manifest's identity")
    func numa() async throws {
        let guest = try await Self.guest("numa")
        #expect(guest.status == 0, "\(guest.errors)")
        #expect(guest.tests.failed == [] && guest.tests.passed == ["cpus", "timer"])
        let nodes = guest.report("NODE").map(GuestRecord.fields)
        #expect(nodes.map { $0["cpus"] } == ["0", "1"])
        #expect(nodes.map { $0["distance"] } == ["10,20", "20,10"])
        #expect(nodes.allSatisfy { ($0["kib"].flatMap { Int($0) } ?? 0) > 180_000 })
        let tables = guest.report("ACPI").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(tables == ["APIC", "DSDT", "FACP", "FACS", "MCFG", "SLIT", "SRAT"])
        #expect(guest.report("DMI").contains("product_uuid=5d307ca9-b3ef-428c-8861-06e72d69f223"))
        #expect(guest.report("DMI").contains("product_serial=e4686d2c-6e8d-4335-b8fd-81bee22f4815"))
        #expect(guest.complaints == [])
    }

    @Test("each vCPU has a CPU of its own, and its memory comes from the pool")
    func pinning() async throws {
        let threads = try await Self.guest("numa").threads
        let vcpus = threads.filter { $0["Name"]?.hasPrefix("CPU ") == true }
        #expect(vcpus.count == 2)
        #expect(Set(vcpus.compactMap { $0["Cpus_allowed_list"] }) == ["0", "1"])
        #expect(threads.allSatisfy { $0["Seccomp"] == "2" && $0["CapEff"] == "0000000000000000" })
        let pool = threads.first?["HugetlbPages"]?.split(separator: " ").first.flatMap { Int($0) } ?? 0
        #expect(pool > 0)
    }

    @Test("a stock kernel finds SCSI disks and a CD on one controller, and a queue a vCPU on each disk")
    func scsi() async throws {
        let guest = try await Self.guest("scsi")
        #expect(guest.status == 0, "\(guest.errors)")
        #expect(guest.tests.failed == [])
        #expect(
            Set(guest.tests.passed) == ["block-vda", "block-sda", "block-sdb", "block-sdc", "optical"],
            "\(guest.lines.suffix(60).joined(separator: "\n"))")
        let controllers = guest.report("VIRTIO").map(GuestRecord.fields).filter { $0["driver"] == "virtio_scsi" }
        #expect(controllers.count == 1)
        // The kernel names SCSI disks as they answer, so they are known by their serial numbers.
        let disks = guest.report("DISK").map(GuestRecord.fields)
        for (serial, bytes, readonly) in [
            ("scsi-data", 32 << 20, "0"), ("scsi-fixed", 32 << 20, "1"), ("scsi-block", 16 << 20, "0"),
        ] {
            let disk = try #require(disks.first { $0["serial"] == serial }, "\(guest.report("DISK"))")
            #expect(disk["bytes"] == "\(bytes)" && disk["readonly"] == readonly, "\(disk)")
            #expect(disk["queues"] == "2" && disk["cache"] == (readonly == "0" ? "write-back" : "write-through"))
            #expect((disk["discard"].flatMap { Int($0) } ?? 0 > 0) == (readonly == "0"))
        }
        #expect(guest.fields("DISK", "sr0")["block"] == "2048")
        let plain = guest.fields("DISK", "vda")
        #expect(plain["queues"] == "2" && plain["block"] == "4096")
        // What every SCSI disk says that has just been switched on.
        #expect(guest.complaints.filter { !$0.contains("Power-on or device reset occurred") } == [])
    }

    @Test(
        "a manifest that cannot be is refused in one line that names the field or the file",
        arguments: [
            ("no-yaml", "/dev/null"), ("pod", "kind"), ("negative", "spec.domain.cpu.cores"), ("no-image", "image"),
            ("no-disk", "/nowhere.raw"), ("too-wide", "CPU"),
        ])
    func refused(name: String, word: String) async throws {
        let said = try await Self.said(name)
        #expect(said.status != "0")
        #expect(said.output == "")
        let errors = said.errors.split(separator: "\n").filter { !$0.hasPrefix("note: ") }
        #expect(errors.count == 1 && said.errors.contains(word), "\(said.errors)")
    }
}
