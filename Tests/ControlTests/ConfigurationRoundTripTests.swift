// SPDX-License-Identifier: Apache-2.0

import Control
import Record
import Testing

@Suite("Configurations and messages survive the wire")
struct ConfigurationRoundTripTests {
    @Test("a machine with every field comes back")
    func machine() throws {
        let machine = try MachineConfiguration.sample()
        #expect(try Record.decode(MachineConfiguration.self, Record.encode(machine)) == machine)
    }

    @Test("a disk with every field comes back")
    func disk() throws {
        var drive = DiskConfiguration(name: "drive", file: nil, readonly: true)
        drive.bus = .scsi
        drive.kind = .cdrom
        drive.shareable = true
        for disk in [DiskConfiguration.sample(), drive] {
            #expect(try Record.decode(DiskConfiguration.self, Record.encode(disk)) == disk)
        }
    }

    @Test("every request comes back")
    func requests() throws {
        let requests: [ControlRequest] = [
            .start(try .sample()), .pause, .resume, .powerButton, .balloon(bytes: 1 << 30), .reset, .stop, .status,
            .statistics, .setLink(interface: "default", isUp: false), .refreshDisk(name: "d"),
            .resizeDisk(name: "d", bytes: .max),
        ]
        for request in requests {
            let message = ControlMessage.request(id: .max, request)
            #expect(try Record.decode(ControlMessage.self, Record.encode(message)) == message)
        }
    }

    static let replies: [ControlReply] = [
        .done, .refused(message: "already running"),
        .status(MachineStatus(state: .paused, vcpuThreads: [7, 8], uptimeNanoseconds: 1 << 40, resets: 2)),
        .statistics(
            MachineStatistics(
                vcpus: [
                    VCPUStatistics(
                        index: 0, exits: [Counter(name: "io", value: 12)], kvm: [Counter(name: "exits", value: 13)])
                ],
                kvm: [Counter(name: "remote_tlb_flush", value: 1)],
                devices: [DeviceStatistics(name: "root", counters: [Counter(name: "reads", value: .max)])])),
    ]

    @Test("every reply comes back", arguments: Self.replies)
    func reply(reply: ControlReply) throws {
        let message = ControlMessage.reply(id: 3, reply)
        #expect(try Record.decode(ControlMessage.self, Record.encode(message)) == message)
    }

    static let events: [ControlEvent] = [
        .ready(LauncherGreeting(version: "0.1", processID: 12)),
        .started(StartReport(marks: [TimingMark(name: "memory", nanoseconds: 900)], vcpuThreads: [12, 13])),
        .paused, .resumed, .guestShutdown, .guestReset(cause: .tripleFault), .guestPanicked(event: 1),
        .watchdogExpired(action: .injectNMI), .channelsChanged(open: ["org.qemu.guest_agent.0"]),
        .failed(message: "KVM_RUN: entry failed"), .log(LogLine(level: .warning, text: "tap is down")),
    ]

    @Test("every event comes back", arguments: Self.events)
    func event(event: ControlEvent) throws {
        let message = ControlMessage.event(event)
        #expect(try Record.decode(ControlMessage.self, Record.encode(message)) == message)
    }

    /// The machine of a newer build, with a field that this one does not know.
    struct Newer: Recordable {
        static let recordName = MachineConfiguration.recordName
        let machine: MachineConfiguration

        init(_ machine: MachineConfiguration) { self.machine = machine }
        func encode(into fields: inout RecordEncoder) {
            machine.encode(into: &fields)
            fields.put("tpm", true)
        }
        init(from fields: inout RecordDecoder) throws(RecordError) { machine = try .init(from: &fields) }
    }

    @Test("a field that this build does not know is refused by its path")
    func unknownField() throws {
        let bytes = Record.encode(Newer(try .sample()))
        do {
            _ = try Record.decode(MachineConfiguration.self, bytes)
            Issue.record("accepted")
        } catch {
            #expect(error.description == "machine.tpm: unknown field")
        }
    }
}
