// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Stock Debian 6.1 and 6.12 kernels under the launcher in a nested host, see `Inside/stock-guests`.
@Suite("Stock Debian kernels")
struct StockGuests {
    /// One nested host for all of these tests.
    static let host = Task {
        try await NestedHost.run(
            "stock-guests", ["\(NestedHost.programs())/apus-launcher", NestedHost.images(), "OUT"],
            options: ["--memory", "4608", "--gigantic", "1"])
    }

    private static func guest(_ name: String) async throws -> GuestRecord {
        try GuestRecord(name, in: try await host.value)
    }

    struct Expectation: Sendable, CustomTestStringConvertible {
        let name: String
        let kernel: String
        let cpus: Int
        var more: [String] = []
        var boots = 1
        var status: Int32 = 0
        var errors = ""
        var testDescription: String { "\(name): Linux \(kernel), \(cpus) vCPUs" }
    }

    static let all = [
        Expectation(name: "devices", kernel: "6.12.", cpus: 1, more: ["block-vda", "block-vdb", "block-vdc", "net"]),
        Expectation(name: "pair", kernel: "6.12.", cpus: 2, boots: 3, status: 1),
        Expectation(name: "quad", kernel: "6.12.", cpus: 4),
        Expectation(name: "pvh", kernel: "6.12.", cpus: 4),
        Expectation(
            name: "small", kernel: "6.12.", cpus: 1, more: ["ports", "balloon", "watchdog"], boots: 2,
            errors: "The guest stopped feeding its watchdog: reset\n"),
        Expectation(name: "large-old", kernel: "6.1.", cpus: 1),
        Expectation(name: "sockets-old", kernel: "6.1.", cpus: 2, more: ["block-vda", "net"]),
        Expectation(name: "quad-old", kernel: "6.1.", cpus: 4, status: 1, errors: "The guest's kernel panicked\n"),
    ]

    @Test("boot to init with every vCPU, and their processors, clocks, timers and devices work", arguments: all)
    func boots(wanted: Expectation) async throws {
        let guest = try await Self.guest(wanted.name)
        let ready = guest.report("INIT-READY").map(GuestRecord.fields)
        // One that reboots for ever may come back once more before it is ended.
        #expect(
            wanted.boots == 1 ? ready.count == 1 : ready.count >= wanted.boots,
            "\(guest.lines.suffix(40).joined(separator: "\n"))")
        #expect(ready.first?["cpus"] == "\(wanted.cpus)")
        #expect(ready.first?["kernel"]?.hasPrefix(wanted.kernel) == true)
        #expect(Set(guest.tests.passed) == Set(["cpus", "rng", "clock", "timer"] + wanted.more))
        #expect(guest.tests.failed == [])
        #expect(guest.errors == wanted.errors)
        #expect(guest.status == wanted.status)
    }

    @Test("the kernel finds nothing to complain of", arguments: ["devices", "pvh", "sockets-old"])
    func complaints(name: String) async throws {
        let guest = try await Self.guest(name)
        #expect(guest.lines.contains("APUS-REPORT-END"))
        #expect(guest.complaints == [])
    }

    @Test("a guest that reboots comes back in the same process, again and again")
    func reboots() async throws {
        let guest = try await Self.guest("pair")
        #expect(guest.lines.filter { $0.contains("reboot: Restarting system") }.count >= 2)
        // The clock of a guest that came back begins anew and runs on evenly.
        #expect(guest.report("TEST").filter { $0.hasPrefix("clock PASS") }.count >= 2)
        #expect(guest.report("INIT-READY").allSatisfy { GuestRecord.fields($0)["cpus"] == "2" })
        // It was ended by the second of two signals.
        #expect(guest.status == 1)
        #expect(guest.errors == "")
    }

    @Test("a triple fault leaves the guest's clock as old as the guest")
    func clockAfterTripleFault() async throws {
        let guest = try await Self.guest("pair")
        // What kvm-clock showed when each boot took it up, in nanoseconds. A vCPU whose counter lost its offset would show
        // the host's age, and this host is older than its guest.
        let clocks = guest.lines.compactMap { line in
            line.components(separatedBy: "using sched offset of ").dropFirst().first
                .flatMap { $0.split(separator: " ").first }.flatMap { Double($0) }
        }
        #expect(clocks.count >= 3)
        #expect(clocks == clocks.sorted())
        let seconds = Double(guest.seconds)
        #expect(clocks.last.map { $0 / 1e9 < seconds } == true, "\(clocks) in \(seconds) s")
    }

    @Test("a kernel that panics is reported and ends the launcher")
    func panic() async throws {
        let guest = try await Self.guest("quad-old")
        #expect(guest.lines.contains { $0.contains("Kernel panic - not syncing: sysrq triggered crash") })
        #expect(guest.errors == "The guest's kernel panicked\n")
        #expect(guest.status == 1)
    }

    @Test("every PCI device is there, with the kernel's own driver and its own vectors")
    func devices() async throws {
        let guest = try await Self.guest("devices")
        let functions = guest.report("PCI").map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
        #expect(
            functions == [
                "0000:00:00.0 0x8086:0x29c0", "0000:00:01.0 0x1af4:0x1042", "0000:00:02.0 0x1af4:0x1042",
                "0000:00:03.0 0x1af4:0x1042", "0000:00:04.0 0x1af4:0x1041", "0000:00:05.0 0x1af4:0x1044",
                "0000:00:1f.0 0x8086:0x2918",
            ])
        for line in guest.report("PCI") where line.contains("0x1af4:0x10") {
            let fields = GuestRecord.fields(line)
            #expect(fields["driver"] == "virtio-pci", "\(line)")
            #expect((fields["vectors"].flatMap { Int($0) } ?? 0) >= 2, "\(line)")
        }
        let drivers = guest.report("VIRTIO").map { GuestRecord.fields($0)["driver"] }
        #expect(drivers == ["virtio_blk", "virtio_blk", "virtio_blk", "virtio_net", "virtio_rng"])
        for line in guest.report("VIRTIO") {
            // Acknowledged, driver, features agreed, driver ready; nothing failed (virtio 1.2 §2.1).
            #expect(GuestRecord.fields(line)["status"] == "0x0000000f", "\(line)")
        }
    }

    @Test("balloon, console and watchdog have the kernel's own drivers, and a guest that starves comes back")
    func smallDevices() async throws {
        let guest = try await Self.guest("small")
        let drivers = guest.report("VIRTIO").compactMap { GuestRecord.fields($0)["driver"] }
        #expect(Set(drivers).isSuperset(of: ["virtio_console", "virtio_balloon"]), "\(drivers)")
        #expect(guest.report("PORT").contains { $0.hasSuffix(" name=org.qemu.guest_agent.0") })
        #expect(guest.report("PCI").contains { $0.contains("0x8086:0x25ab") && $0.contains("driver=i6300") })
        #expect(guest.report("STARVED") == ["and came back"])
        #expect(guest.complaints == [])
    }

    @Test("kernels take packed rings where they are on offer", arguments: ["devices", "sockets-old"])
    func packedRings(name: String) async throws {
        // An interface that the host's vhost-net serves has split ones.
        let devices = try await Self.guest(name).report("VIRTIO").map(GuestRecord.fields)
            .filter { $0["driver"] != "virtio_net" }
        #expect(devices.count >= 2)
        for device in devices {
            // One digit a feature bit, bit 0 first; VIRTIO_F_RING_PACKED is 34.
            let bits = Array(device["features"] ?? "")
            #expect(bits.dropFirst(34).first == "1", "\(device)")
        }
    }

    @Test(
        "disks are there in order, with size, serial and rights",
        arguments: [("vda", 64 << 20, "first-disk", "0"), ("vdb", 8 << 20, "", "0"), ("vdc", 1 << 20, "third", "1")])
    func disks(name: String, bytes: Int, serial: String, readonly: String) async throws {
        let disk = try await Self.guest("devices").fields("DISK", name)
        #expect(disk["bytes"] == "\(bytes)")
        #expect(disk["serial"] == serial)
        #expect(disk["readonly"] == readonly)
        if readonly == "0" {
            #expect((disk["discard"].flatMap { Int($0) } ?? 0) > 0)
            #expect((disk["zeroes"].flatMap { Int($0) } ?? 0) > 0)
            #expect(disk["cache"] == "write-back")
        }
    }

    @Test("an interface has the address it was given")
    func interface() async throws {
        let card = try await Self.guest("devices").fields("NET", "eth0")
        #expect(card["mac"] == "02:00:00:09:00:02")
        #expect(card["driver"] == "virtio_net")
    }

    @Test("an interface of two pairs has two channels, and the kernel's vhost moves their frames")
    func channels() async throws {
        let guest = try await Self.guest("sockets-old")
        #expect(guest.fields("NET", "eth0")["queues"] == "2")
        // Nobody else reads the taps, and the guest's pings came through.
        #expect(guest.tests.passed.contains("net"))
        #expect(guest.threads.filter { $0["Name"]?.hasPrefix("vhost-") == true }.count == 2)
        #expect(try await Self.guest("devices").fields("NET", "eth0")["queues"] == "1")
    }

    @Test(
        "clock, firmware tables and the platform's own devices are found",
        arguments: ["devices", "pvh", "sockets-old"])
    func platform(name: String) async throws {
        let guest = try await Self.guest(name)
        #expect(GuestRecord.fields(guest.report("CLOCKSOURCE").first ?? "")["current"] == "kvm-clock")
        #expect(guest.report("HYPERVISOR") == ["KVM"])
        let tables = guest.report("ACPI").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(tables == ["APIC", "DSDT", "FACP", "FACS", "MCFG"])
        #expect(guest.report("INPUT").contains("Power Button"))
        #expect(guest.fields("RTC", "rtc0")["name"]?.hasPrefix("rtc_cmos") == true)
        #expect(GuestRecord.fields(guest.report("RNG").first ?? "")["current"] == "virtio_rng.0")
        #expect(guest.report("MODULE").contains("pvpanic_mmio"))
        #expect(guest.report("IOPORTS").contains { $0.hasSuffix(": serial") })
        #expect(guest.report("IOPORTS").contains { $0.hasSuffix(": ACPI PM_TMR") })
        #expect(guest.report("IOMEM").contains { $0.hasSuffix("0000 [bus 00-ff]") })
        let seconds = guest.fields("RTC", "rtc0")["seconds"].flatMap { Double($0) } ?? 0
        // UTC, not local time, and not 1970: the same hour is near enough to say so.
        #expect(abs(seconds - Date().timeIntervalSince1970) < 3600)
        for line in guest.report("DMI") where line.hasPrefix("bios_vendor=") { #expect(line == "bios_vendor=Apus") }
    }

    @Test(
        "sockets, cores and threads are as asked",
        arguments: [
            ("devices", ["socket=0 core=0 threads=0"]),
            ("sockets-old", ["socket=0 core=0 threads=0", "socket=1 core=0 threads=1"]),
            (
                "pvh",
                [
                    "socket=0 core=0 threads=0-1", "socket=0 core=0 threads=0-1", "socket=0 core=1 threads=2-3",
                    "socket=0 core=1 threads=2-3",
                ]
            ),
        ])
    func topology(name: String, wanted: [String]) async throws {
        let guest = try await Self.guest(name)
        let seen = guest.report("CPU").map { line in
            let fields = GuestRecord.fields(line)
            return "socket=\(fields["socket"] ?? "?") core=\(fields["core"] ?? "?") threads=\(fields["threads"] ?? "?")"
        }
        #expect(seen == wanted)
        let flags = Set(guest.report("CPU-FLAGS").joined().split(separator: " "))
        #expect(flags.isSuperset(of: ["x2apic", "tsc_deadline_timer", "hypervisor", "nx", "lm"]))
    }

    @Test(
        "the guest has the memory it was given, below and above 4 GiB",
        arguments: [("devices", 512), ("sockets-old", 512), ("pvh", 384), ("large-old", 5120)])
    func memory(name: String, mebibytes: Int) async throws {
        let guest = try await Self.guest(name)
        let map = guest.lines.filter { $0.contains("BIOS-e820: ") && $0.hasSuffix(" usable") }
        let usable = map.compactMap { $0.components(separatedBy: "BIOS-e820: ").last }.compactMap { line -> Int? in
            let ends = line.split(whereSeparator: { "[]- ".contains($0) }).filter { $0.hasPrefix("0x") }
                .compactMap { Int($0.dropFirst(2), radix: 16) }
            return ends.count == 2 ? ends[1] + 1 - ends[0] : nil
        }
        let sum = usable.reduce(0, +)
        #expect(sum <= mebibytes << 20 && sum > (mebibytes << 20) - (1 << 20), "\(usable)")
        // What the kernel takes for itself is less than an eighth of so small a machine.
        let ready = GuestRecord.fields(guest.report("INIT-READY").first ?? "")
        let total = try #require(ready["memory-kib"].flatMap { Int($0) })
        #expect(total << 10 > (mebibytes << 20) / 8 * 7 - (64 << 20))
    }

    @Test("memory in huge pages is taken from the pool", arguments: [("pvh", 2 << 10), ("quad", 1 << 20)])
    func hugepages(name: String, pageKiB: Int) async throws {
        let guest = try await Self.guest(name)
        let pool = guest.threads.compactMap { $0["HugetlbPages"] }.first
        // What the guest has touched so far, in whole pages.
        let kib = pool.flatMap { $0.split(separator: " ").first }.flatMap { Int($0) } ?? 0
        #expect(kib > 0 && kib % pageKiB == 0, "\(pool ?? "nothing")")
    }

    @Test("every thread of the launcher is confined while a stock kernel runs", arguments: all)
    func confined(wanted: Expectation) async throws {
        let guest = try await Self.guest(wanted.name)
        #expect(guest.threads.filter { $0["Name"]?.hasPrefix("CPU ") == true }.count == wanted.cpus)
        // vhost's workers never leave the kernel: they make no system calls to be filtered.
        for thread in guest.threads where thread["Name"]?.hasPrefix("vhost-") != true {
            #expect(thread["Seccomp"] == "2" && thread["NoNewPrivs"] == "1", "\(thread["Name"] ?? "?")")
            #expect(thread["CapEff"] == "0000000000000000" && thread["CapBnd"] == "0000000000000000")
        }
    }
}
