// SPDX-License-Identifier: Apache-2.0

import Control
import Testing

/// One way to spoil a valid machine, and what validation says about it.
struct ValidationCase: Sendable, CustomTestStringConvertible {
    let message: String
    let spoil: @Sendable (inout MachineConfiguration) -> Void

    init(_ message: String, _ spoil: @escaping @Sendable (inout MachineConfiguration) -> Void) {
        self.message = message
        self.spoil = spoil
    }

    var testDescription: String { message }

    static let all: [ValidationCase] = [
        .init("name: must not be empty") { $0.name = "" },
        .init("name: must be at most 253 bytes") { $0.name = String(repeating: "n", count: 254) },
        .init("name: must not contain control characters") { $0.name = "a\u{1B}[2J" },
        .init("cpu.topology.sockets: must be at least 1") { $0.cpu.topology.sockets = 0 },
        .init("cpu.topology.cores: must be at most 1024") { $0.cpu.topology.cores = .max },
        .init("cpu.topology: 1073741824 vCPUs are more than 1024") {
            $0.cpu.topology = CPUTopology(sockets: 1024, cores: 1024, threads: 1024)
        },
        .init("cpu.features[1].name: named twice") { $0.cpu.features[1].name = "avx512f" },
        .init("cpu.features[0].name: must not be empty") { $0.cpu.features[0].name = "" },
        .init("cpu.pinning: names 1 CPUs for 4 vCPUs") { $0.cpu.pinning = [1] },
        .init("cpu.pinning[3]: CPU 4 is named twice") { $0.cpu.pinning = [4, 5, 6, 4] },
        .init("cpu.pinning[0]: must be at most 65535") { $0.cpu.pinning = [.max, 5, 6, 4] },
        .init("vsock.cid: must be 3 to 4294967294") { $0.vsock?.cid = 2 },
        .init("vsock.cid: must be 3 to 4294967294") { $0.vsock?.cid = .max },
        .init("vsock.device: slot 2 is used twice") { $0.vsock?.device = .at(2) },
        .init("cpu.emulatorCPUs: must not be empty") { $0.cpu.emulatorCPUs = [] },
        .init("memory.backing.pageBytes: must be 2 MiB or 1 GiB, not 0") {
            $0.memory.backing = .hugetlb(pageBytes: 0)
        },
        .init("memory.bytes: must be at least 16 MiB") { $0.memory.bytes = 0 },
        .init("memory.bytes: must be at most 64 TiB") { $0.memory.bytes = .max },
        .init("memory.bytes: must be a multiple of 2097152") { $0.memory.bytes += 4096 },
        .init("memory.prefaultThreads: must be at most 256") { $0.memory.prefaultThreads = 257 },
        .init("memory.nodes: more than 64") {
            $0.memory.nodes = [NUMANode](repeating: NUMANode(bytes: 1, vcpus: []), count: 65)
        },
        .init("memory.nodes[1].bytes: must be at least 1") { $0.memory.nodes[1].bytes = 0 },
        .init("memory.nodes[1].bytes: must be a multiple of 2097152") { $0.memory.nodes[1].bytes += 1 },
        .init("memory.nodes[1].bytes: the nodes have more memory than the machine") {
            $0.memory.nodes[1].bytes += 2 << 20
        },
        .init("memory.nodes: the nodes have 2097152 bytes less than the machine") {
            $0.memory.nodes[1].bytes -= 2 << 20
        },
        .init("memory.nodes[1].vcpus[1]: there is no vCPU 4") { $0.memory.nodes[1].vcpus = [2, 4] },
        .init("memory.nodes[1].vcpus[0]: vCPU 1 is already in node 0") { $0.memory.nodes[1].vcpus = [1, 3] },
        .init("memory.nodes: vCPU 3 is in no node") { $0.memory.nodes[1].vcpus = [2] },
        .init("memory.nodes[0].hostNode: must be at most 65535") { $0.memory.nodes[0].hostNode = .max },
        .init("memory.nodes[0].distances: must have one entry a node") { $0.memory.nodes[0].distances = [10] },
        .init("memory.nodes[0].distances[0]: must be 10 to itself") { $0.memory.nodes[0].distances = [11, 21] },
        .init("memory.nodes[0].distances[1]: must be 11 to 255") { $0.memory.nodes[0].distances = [10, 10] },
        .init("boot.commandLine: must be at most 2047 bytes") {
            $0.boot.commandLine = String(repeating: "c", count: 2048)
        },
        .init("boot.commandLine: must not contain control characters") { $0.boot.commandLine = "a\u{0}b" },
        .init("smbios.family: must be at most 255 bytes") { $0.smbios.family = String(repeating: "f", count: 256) },
        .init("disks: more than 24") { machine in
            machine.disks = [DiskConfiguration](repeating: machine.disks[0], count: 25)
        },
        .init("disks[1].name: another disk has this name") { $0.disks[1].name = "root" },
        .init("disks[1].serial: must be at most 20 bytes") {
            $0.disks[1].serial = String(repeating: "s", count: 21)
        },
        .init("disks[0].file: is needed; only a cdrom may be empty") { $0.disks[0].file = nil },
        .init("disks[0].bus: must be scsi for a lun") { $0.disks[0].kind = .lun },
        .init("disks[0].bus: must be scsi for a cdrom") { $0.disks[0].kind = .cdrom },
        .init("disks[0].readonly: must be true for a cdrom") { machine in
            machine.disks[0].bus = .scsi
            machine.disks[0].kind = .cdrom
        },
        .init("disks[0].backing: must be empty below a raw image") {
            $0.disks[0].backing = [ImageLayer(file: .at(9), format: .raw)]
        },
        .init("disks[0].dataFile: belongs to qcow2 images only") { $0.disks[0].dataFile = .at(9) },
        .init("disks[0].backing[0].format: raw has no layers below, but more follow") { machine in
            machine.disks[0].format = .qcow2
            machine.disks[0].backing = [.init(file: .at(9), format: .raw), .init(file: .at(10), format: .raw)]
        },
        .init("disks[0].cache: must be none for a shareable disk: other machines do not see this host's page cache") {
            machine in
            machine.disks[0].shareable = true
            machine.disks[0].cache = .writeback
        },
        .init("disks[0].format: must be raw for a shareable disk: each writer would keep its own tables") { machine in
            machine.disks[0].shareable = true
            machine.disks[0].format = .qcow2
        },
        .init("disks[0].queues: must be 1 to 256") { $0.disks[0].queues = 0 },
        .init("disks[0].logicalBlockSize: must be a power of two from 512 to 2097152") {
            $0.disks[0].logicalBlockSize = 0
        },
        .init("disks[0].physicalBlockSize: must be a power of two from 512 to 2097152") {
            $0.disks[0].physicalBlockSize = 4097
        },
        .init("disks[0].physicalBlockSize: must be at least logicalBlockSize") { machine in
            machine.disks[0].logicalBlockSize = 4096
            machine.disks[0].physicalBlockSize = 512
        },
        .init("disks[0].requestLimit.perSecond: must be at least 1; leave the limit out for none") {
            $0.disks[0].requestLimit = DiskRateLimit(perSecond: 0)
        },
        .init("disks[0].byteLimit.burst: must be 1 to 281474976710656") {
            $0.disks[0].byteLimit = DiskRateLimit(perSecond: 1, burst: .max)
        },
        .init("disks[0].bus: only virtio is served") { $0.disks[0].bus = .scsi },
        .init("disks[1].bootOrder: must be at least 1") { $0.disks[1].bootOrder = 0 },
        .init("nets[0].bootOrder: another device has this place") { $0.nets[0].bootOrder = 1 },
        .init("nets[0].taps: must not be empty") { $0.nets[0].taps = [] },
        .init("nets[0].taps: must be at most 64") { $0.nets[0].taps = [DescriptorSlot](repeating: .at(4), count: 65) },
        .init("nets[0].vhost: must be none or one for each of the taps") { $0.nets[0].vhost = [.at(9)] },
        .init("nets[0].vhost: cannot be held to a rate; leave out either") { $0.nets[0].vhost = [.at(9), .at(10)] },
        .init("nets[0].mac: 00:00:00:00:00:00 must be a unicast address") { machine in
            machine.nets[0].mac = MACAddress("00:00:00:00:00:00") ?? machine.nets[0].mac
        },
        .init("nets[0].mac: 03:00:00:00:00:01 must be a unicast address") { machine in
            machine.nets[0].mac = MACAddress("03:00:00:00:00:01") ?? machine.nets[0].mac
        },
        .init("nets[0].mtu: must be at least 68") { $0.nets[0].mtu = 67 },
        .init("nets[1].name: another interface has this name") { $0.nets.append($0.nets[0]) },
        .init("nets[1].mac: another interface has this address") { machine in
            machine.nets.append(NetConfiguration(name: "second", taps: [.at(12)], mac: machine.nets[0].mac))
        },
        .init("channels: more than 14") { machine in
            machine.channels = [ChannelConfiguration](repeating: machine.channels[0], count: 15)
        },
        .init("channels[1].name: another channel has this name") { $0.channels[1].name = $0.channels[0].name },
        .init("channels[0].name: must not be empty") { $0.channels[0].name = "" },
        .init("channels[0].name: must be at most 64 bytes") { $0.channels[0].name = String(repeating: "c", count: 65) },
        .init("channels[0].name: must be usable as a file name") { $0.channels[0].name = "a/b" },
        .init("channels[1].name: must be usable as a file name") { $0.channels[1].name = ".." },
        .init("channels[1].end.slot: slot 10 is used twice") { $0.channels[1].end = .stream(slot: .at(10)) },
        .init("terminal.slot: slot 11 is used twice") { $0.terminal = .listener(slot: .at(11)) },
        .init("balloon.statisticsSeconds: must be at most 86400") { $0.balloon?.statisticsSeconds = 86_401 },
        .init("boot.initrd: slot 0 is used twice") { $0.boot.initrd = .at(0) },
        .init("disks[0].file: slot 13 is not among the 13 descriptors sent") { $0.disks[0].file = .at(13) },
        .init("rng.slot: slot 65535 is not among the 13 descriptors sent") { $0.rng = .file(slot: .at(.max)) },
        .init("descriptors[6]: no field refers to it") { $0.rng = .getrandom },
        .init("descriptors[7]: no field refers to it") { $0.console = .nowhere },
    ]
}
