// SPDX-License-Identifier: Apache-2.0

import Control
import Supervisor
import Testing
import VMISpec

@Suite("A manifest's disks become a machine's")
struct PlanDiskTests {
    private func plan(_ disks: [String], domain: String = "", devices: String = "") throws -> MachineConfiguration {
        var options = LaunchOptions()
        options.images = ["k": "/images/k"]
        let volumes = disks.indices.map { #"{"name":"d\#($0)","hostDisk":{"path":"/d\#($0)","type":"Disk"}}"# }
        let named = disks.enumerated().map { #"{"name":"d\#($0)",\#($1)}"# }
        let manifest = try Fixture.manifest(
            domain: domain, devices: #","disks":[\#(named.joined(separator: ","))]\#(devices)"#,
            volumes: volumes.joined(separator: ","))
        return try Plan(manifest.0, options, PlanTests.host).configuration
    }

    @Test("KubeVirt's defaults hold: one queue, errors stop the machine, disks can be plugged")
    func defaults() throws {
        let machine = try plan([#""disk":{"bus":"virtio"}"#])
        let disk = try #require(machine.disks.first)
        #expect(disk.bus == .virtio && disk.kind == .disk && disk.queues == 1 && disk.errorPolicy == .stop)
        #expect(disk.logicalBlockSize == nil && disk.physicalBlockSize == nil && !disk.readonly)
        #expect(machine.hasSCSI)
        #expect(try !plan([], devices: #","disableHotplug":true"#).hasSCSI)
    }

    @Test("each target is what it is called, on its bus")
    func targets() throws {
        let disks = try plan([
            #""disk":{"bus":"scsi","readonly":true}"#, #""cdrom":{"bus":"scsi"}"#,
            #""cdrom":{"bus":"scsi","readonly":false}"#, #""lun":{"bus":"scsi"}"#,
        ]).disks
        #expect(disks.map(\.kind) == [.disk, .cdrom, .cdrom, .lun])
        #expect(disks.allSatisfy { $0.bus == .scsi })
        #expect(disks.map(\.readonly) == [true, true, true, false])
    }

    @Test(
        "an error policy is taken as it is",
        arguments: [DiskErrorPolicy.stop, .report, .ignore, .enospace])
    func policies(policy: DiskErrorPolicy) throws {
        let disks = try plan([#""disk":{"bus":"virtio"},"errorPolicy":"\#(policy.rawValue)""#]).disks
        #expect(disks.map(\.errorPolicy) == [policy])
    }

    @Test("blockMultiQueue gives each disk a queue a vCPU, and blocks have the size that is asked for")
    func queues() throws {
        let disks = try plan(
            [
                #""disk":{"bus":"virtio"},"blockSize":{"custom":{"logical":4096,"physical":8192}}"#,
                #""disk":{"bus":"scsi"},"blockSize":{"matchVolume":{}}"#,
            ], domain: #""cpu":{"sockets":2,"cores":3},"#, devices: #","blockMultiQueue":true"#
        ).disks
        #expect(disks.map(\.queues) == [6, 6])
        #expect(disks.map(\.logicalBlockSize) == [4096, nil])
        #expect(disks.map(\.physicalBlockSize) == [8192, nil])
    }
}
