// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("A manifest")
struct ManifestTests {
    @Test("that uses what works is read whole")
    func full() throws {
        let manifest = try VMIManifest.parse(Array(Manifests.full.utf8))
        let instance = manifest.instance
        let domain = instance.spec.domain
        #expect(manifest.kind == .virtualMachineInstance)
        #expect(manifest.runStrategy == nil)
        #expect(instance.metadata.name == "debian")
        #expect(instance.metadata.namespace == "lab")
        #expect(instance.metadata.uid == "0d5b9d3c-8d3e-4b62-9c55-0c1a0a7f4e1f")
        #expect(instance.metadata.labels == ["app": "web"])
        #expect(instance.guestHostname == "deb")
        #expect(instance.firmwareUUID.description == "5d307ca9-b3ef-428c-8861-06e72d69f223")
        #expect(domain.cpu.vcpuCount == 2)
        #expect(domain.cpu.model == "host-passthrough")
        #expect(domain.cpu.features.map(\.policy) == [.disable])
        #expect(domain.memory.guestBytes == 1 << 30)
        #expect(domain.firmware.serial == "e4686d2c")
        let boot = try #require(domain.firmware.kernelBoot)
        #expect(boot.kernelArguments == "console=ttyS0 root=/dev/vda rw")
        #expect(boot.container?.image == "kernel")
        #expect(boot.container?.kernelPath == "/vmlinuz")
        #expect(boot.container?.initrdPath == "/initrd")
        #expect(domain.devices.rng)
        #expect(domain.devices.interfaces.map(\.binding) == [.masquerade])
        #expect(domain.devices.interfaces.first?.macAddress?.description == "02:00:00:00:00:01")
        #expect(instance.spec.terminationGracePeriodSeconds == 10)
        let disks = instance.spec.attachedDisks
        #expect(disks.map(\.disk.name) == ["root", "data", "seed"])
        #expect(disks.map(\.isReadOnly) == [false, true, true])
        guard case .cloudInitNoCloud(let data) = disks[2].volume.source else {
            Issue.record("the third disk is not cloud-init's")
            return
        }
        #expect(data.userData.map { String(decoding: $0, as: UTF8.self) } == "#cloud-config\npassword: debian\n")
        let notes = manifest.notes.map(\.description)
        #expect(notes == ["spec.nodeSelector: ignored: it chooses a node, and the machine runs on this one"])
    }
}
