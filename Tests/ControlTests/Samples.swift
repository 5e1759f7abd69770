// SPDX-License-Identifier: Apache-2.0

import Control

extension DescriptorSlot {
    /// The slot at an index.
    static func at(_ index: UInt16) -> DescriptorSlot { DescriptorSlot(rawValue: index) }
}

extension MachineConfiguration {
    /// How many descriptors `sample` refers to.
    static let sampleDescriptors = 10

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
            DiskConfiguration(name: "root", file: .at(2), serial: "R00T", blockSize: 512, bootOrder: 1),
            DiskConfiguration(name: "cloudinit", file: .at(3), readonly: true),
        ]
        machine.nets = [NetConfiguration(name: "default", taps: [.at(4), .at(5)], mac: mac, mtu: 1450, bootOrder: 2)]
        machine.rng = .file(slot: .at(6))
        machine.vsock = VsockConfiguration(device: .at(9), cid: 77)
        machine.console = .stdio(input: .at(7), output: .at(8))
        machine.pvpanic = true
        machine.onPanic = .pause
        return machine
    }
}

/// The sample itself is wrong.
struct SampleError: Error {}
