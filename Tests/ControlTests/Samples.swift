// SPDX-License-Identifier: Apache-2.0

import Control

extension DescriptorSlot {
    /// The slot at an index.
    static func at(_ index: UInt16) -> DescriptorSlot { DescriptorSlot(rawValue: index) }
}

extension MachineConfiguration {
    /// How many descriptors `sample` refers to.
    static let sampleDescriptors = 13

    /// A valid machine that uses every field.
    static func sample() throws(SampleError) -> MachineConfiguration {
        guard let uuid = MachineUUID("5d307ca9-b3ef-428c-8861-06e72d69f223"), let mac = MACAddress("02:00:00:00:00:01")
        else { throw SampleError() }
        var machine = MachineConfiguration(
            name: "sample", uuid: uuid,
            cpu: CPUConfiguration(
                topology: CPUTopology(sockets: 1, cores: 2, threads: 2), model: .hostModel,
                features: [CPUFeature(name: "avx512f", policy: .disable), CPUFeature(name: "x2apic")],
                pinning: [4, 5, 6, 7], emulatorCPUs: [2, 3]),
            memory: MemoryConfiguration(
                bytes: 6 << 30, backing: .hugetlb(pageBytes: 2 << 20), prefaultThreads: 4,
                nodes: [
                    NUMANode(bytes: 4 << 30, vcpus: [0, 1], hostNode: 0, distances: [10, 21]),
                    NUMANode(bytes: 2 << 30, vcpus: [2, 3], hostNode: 1, distances: [21, 10]),
                ]),
            boot: BootConfiguration(kernel: .at(0), initrd: .at(1), commandLine: "console=ttyS0 root=/dev/vda1"))
        machine.smbios = SMBIOSStrings(manufacturer: "KubeVirt", product: "None", serial: "s-1", family: "KubeVirt")
        machine.disks = [
            DiskConfiguration(name: "root", file: .at(2), serial: "R00T", bootOrder: 1),
            DiskConfiguration(name: "cloudinit", file: .at(3), readonly: true),
        ]
        machine.nets = [NetConfiguration(name: "default", taps: [.at(4), .at(5)], mac: mac, mtu: 1450, bootOrder: 2)]
        machine.nets[0].isUp = false
        machine.nets[0].receiving = FrameRate(
            bytesPerSecond: 1 << 30, burstBytes: 1 << 20, framesPerSecond: 7, burstFrames: 3)
        machine.rng = .file(slot: .at(6))
        machine.terminal = .listener(slot: .at(9))
        machine.channels = [
            ChannelConfiguration(name: ChannelConfiguration.guestAgent, end: .stream(slot: .at(10))),
            ChannelConfiguration(name: "second", end: .listener(slot: .at(11))),
        ]
        machine.balloon = BalloonConfiguration(freePageReporting: false, statisticsSeconds: 5)
        machine.watchdog = .poweroff
        machine.vsock = VsockConfiguration(device: .at(12), cid: 77)
        machine.console = .stdio(input: .at(7), output: .at(8))
        machine.pvpanic = true
        machine.onPanic = .pause
        return machine
    }
}

extension DiskConfiguration {
    /// A disk that uses every field, slots from 20 on.
    static func sample() -> DiskConfiguration {
        var disk = DiskConfiguration(name: "all", file: .at(20), serial: "A11", bootOrder: 3)
        disk.bus = .scsi
        disk.format = .qcow2
        disk.backing = [
            ImageLayer(file: .at(21), format: .qcow2, dataFile: .at(22)), ImageLayer(file: .at(23), format: .raw),
        ]
        disk.dataFile = .at(24)
        disk.cache = .writethrough
        disk.io = .threads
        disk.queues = 4
        disk.errorPolicy = .enospace
        disk.logicalBlockSize = 512
        disk.physicalBlockSize = 4096
        disk.requestLimit = DiskRateLimit(perSecond: 1000, burst: 2000)
        disk.byteLimit = DiskRateLimit(perSecond: 1 << 20)
        return disk
    }
}

/// The sample itself is wrong.
struct SampleError: Error {}
