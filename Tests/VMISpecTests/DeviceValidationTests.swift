// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("Devices, volumes and networks that do not fit")
struct DeviceValidationTests {
    static let disks = "spec.domain.devices.disks"
    static let interfaces = "spec.domain.devices.interfaces"
    static let init64 = "spec.volumes[2].cloudInitNoCloud.userDataBase64"

    static let storage: [ValidationTests.Row] = [
        (
            ["\(disks)[1].name": #""root""#],
            [
                #"\#(disks)[1].name: "root" is also the name of \#(disks)[0]; give each its own"#,
                #"spec.volumes[1].name: "data" not found among \#(disks); add a disk of this name with bus: virtio"#,
            ]
        ),
        (
            ["\(disks)[0].name": #""rot""#],
            [
                #"\#(disks)[0].name: "rot" not found among spec.volumes; add a volume of this name"#,
                #"spec.volumes[0].name: "root" not found among \#(disks); add a disk of this name with bus: virtio"#,
            ]
        ),
        (
            ["\(disks)[0].name": #""Root""#, "spec.volumes[0].name": #""Root""#],
            [
                #"\#(disks)[0].name: "Root" is no DNS label; use at most 63 lower-case letters, digits and '-', starting and ending with a letter or digit"#
            ]
        ),
        (
            ["\(disks)[0].name": ""],
            [
                "\(disks)[0].name: is required; name the volume that this disk shows",
                #"spec.volumes[0].name: "root" not found among \#(disks); add a disk of this name with bus: virtio"#,
            ]
        ),
        (
            ["\(disks)[0]": "7"],
            [
                "\(disks)[0]: must be an object, not a number",
                #"spec.volumes[0].name: "root" not found among \#(disks); add a disk of this name with bus: virtio"#,
            ]
        ),
        (["\(disks)[0].bootOrder": "0"], ["\(disks)[0].bootOrder: must be at least 1"]),
        (["\(disks)[0].bootOrder": "-1"], ["\(disks)[0].bootOrder: must be at least 1"]),
        (
            ["\(disks)[2].bootOrder": "1"],
            ["\(disks)[2].bootOrder: boot order 1 is already set for \(disks)[0]; give each device its own"]
        ),
        (
            ["\(disks)[0].serial": #""a b""#],
            ["\(disks)[0].serial: must be made up of the following characters [A-Za-z0-9_.+-], if specified"]
        ),
        (
            ["\(disks)[0].serial": #""123456789012345678901""#],
            [
                "\(disks)[0].serial: must be at most 20 characters, which is all a virtio disk can show; shorten it"
            ]
        ),
        (
            ["\(disks)[1].serial": #""root-disk""#],
            ["\(disks)[1].serial: is also the serial of \(disks)[0]; give each disk its own"]
        ),
        (
            ["\(disks)[0].cdrom": #"{"bus": "virtio"}"#],
            [
                "\(disks)[0].cdrom.bus: CD-ROM drives are on the SCSI controller only; set scsi",
                "\(disks)[0]: can only have a single target type defined; keep disk",
            ]
        ),
        (
            ["\(disks)[0].disk": ""],
            ["\(disks)[0].disk.bus: is not given, which means sata, and sata is not supported; set bus: virtio"]
        ),
        (["\(disks)[0].disk.readonly": #""yes""#], ["\(disks)[0].disk.readonly: must be true or false, not a string"]),
    ]

    static let volumes: [ValidationTests.Row] = [
        (
            ["spec.volumes[0].persistentVolumeClaim": ""],
            [
                "spec.volumes[0]: must have exactly one source type set; use containerDisk, persistentVolumeClaim or cloudInitNoCloud"
            ]
        ),
        (
            ["spec.volumes[0].hostDisk": #"{"path": "/a", "type": "Disk"}"#],
            ["spec.volumes[0]: must have exactly one source type set; keep one of them"]
        ),
        (
            ["spec.volumes[0].persistentVolumeClaim": "{}"],
            ["spec.volumes[0].persistentVolumeClaim.claimName: is required; name the claim, as in --pvc NAME=PATH"]
        ),
        (
            ["spec.volumes[0].persistentVolumeClaim.claimName": #""a/b""#],
            [
                #"spec.volumes[0].persistentVolumeClaim.claimName: "a/b" is no DNS name; use lower-case letters, digits, '-' and '.'"#
            ]
        ),
        (
            ["spec.volumes[1].hostDisk.path": ""],
            ["spec.volumes[1].hostDisk.path: is required; give the path of the disk image on this host"]
        ),
        (
            ["spec.volumes[1].hostDisk.path": #""disk.img""#],
            ["spec.volumes[1].hostDisk.path: must be an absolute path, starting with /"]
        ),
        (
            ["spec.volumes[1].hostDisk.path": #""/a\u0000b""#],
            ["spec.volumes[1].hostDisk.path: must not contain a NUL character"]
        ),
        (
            ["spec.volumes[1].hostDisk.type": #""File""#, "spec.volumes[1].hostDisk.capacity": ""],
            [#"spec.volumes[1].hostDisk.type: "File" is unknown; must be one of: Disk, DiskOrCreate"#]
        ),
        (
            ["spec.volumes[1].hostDisk.type": "", "spec.volumes[1].hostDisk.capacity": ""],
            ["spec.volumes[1].hostDisk.type: is required; use Disk or DiskOrCreate"]
        ),
        (
            ["spec.volumes[1].hostDisk.type": #""Disk""#],
            [
                "spec.volumes[1].hostDisk.capacity: is allowed only with type DiskOrCreate; remove it or change the type"
            ]
        ),
        (
            ["spec.volumes[1].hostDisk.capacity": ""],
            [
                "spec.volumes[1].hostDisk.capacity: is required with type DiskOrCreate; give the size of the disk, such as 10Gi"
            ]
        ),
        (
            ["spec.volumes[1].hostDisk.capacity": #""1k""#],
            ["spec.volumes[1].hostDisk.capacity: must be at least 1Mi"]
        ),
        (
            ["spec.volumes[2].cloudInitNoCloud": "{}"],
            [
                "spec.volumes[2].cloudInitNoCloud: must have at least one userdatasource or one networkdatasource set; write userData"
            ]
        ),
        (
            [init64: #""YTogYg==""#],
            ["spec.volumes[2].cloudInitNoCloud.userData: must be the only source of its data; keep one of them"]
        ),
        (
            ["spec.volumes[2].cloudInitNoCloud.userData": "", init64: #""%%%""#],
            ["\(init64): is not a valid base64 value; encode it by `base64 -w0`"]
        ),
        (
            ["spec.volumes[2].cloudInitNoCloud.userData": "\"\(String(repeating: "x", count: 2049))\""],
            [
                "spec.volumes[2].cloudInitNoCloud.userData: has 2049 bytes, more than the limit of 2048; fetch the rest by #include"
            ]
        ),
    ]

    static let networks: [ValidationTests.Row] = [
        (
            ["\(interfaces)[0].macAddress": #""02:00:00""#],
            [
                #"\#(interfaces)[0].macAddress: malformed MAC address ("02:00:00"); write six pairs of hexadecimal digits, as 02:00:00:00:00:01"#
            ]
        ),
        (
            ["\(interfaces)[0].macAddress": #""01:00:00:00:00:01""#],
            ["\(interfaces)[0].macAddress: is a group address; make the first byte even"]
        ),
        (
            ["\(interfaces)[0].macAddress": #""00:00:00:00:00:00""#],
            ["\(interfaces)[0].macAddress: must not be all zeros"]
        ),
        (
            ["\(interfaces)[0].macAddress": #""02:00:00:00:00:00""#],
            ["\(interfaces)[0].macAddress: is reserved for the in-pod bridge; choose another one"]
        ),
        (
            ["\(interfaces)[0].masquerade": ""],
            ["\(interfaces)[0]: must have exactly one binding method; write masquerade: {} or bridge: {}"]
        ),
        (
            ["\(interfaces)[0].bridge": "{}"],
            ["\(interfaces)[0]: must have exactly one binding method; write masquerade: {} or bridge: {}"]
        ),
        (
            ["\(interfaces)[0].name": #""other""#],
            [
                #"\#(interfaces)[0].name: "other" not found among spec.networks; add a network of this name"#,
                #"spec.networks[0].name: "default" not found among \#(interfaces); add an interface of this name"#,
            ]
        ),
        (
            ["\(interfaces)[0].name": #""a b""#, "spec.networks[0].name": #""a b""#],
            [
                "\(interfaces)[0].name: can only contain alphabetical characters, numbers, dashes (-) or underscores (_)"
            ]
        ),
        (
            ["\(interfaces)": #"[{"name": "default", "bridge": {}}, {"name": "default", "bridge": {}}]"#],
            [#"\#(interfaces)[1].name: "default" is also the name of \#(interfaces)[0]; give each its own"#]
        ),
        (["spec.networks[0].pod": ""], ["spec.networks[0]: should have a network type; write pod: {}"]),
        (
            ["spec.networks[0].multus": #"{"networkName": "a"}"#],
            ["spec.networks[0]: should have only one network type; keep pod: {}"]
        ),
        (
            ["spec.networks[0]": #"{"name": "default", "multus": {"networkName": "a"}}"#],
            ["\(interfaces)[0].masquerade: only works on the pod's network; use bridge: {}"]
        ),
        (
            [
                "spec.networks[0]": #"{"name": "default", "multus": {}}"#, "\(interfaces)[0].masquerade": "",
                "\(interfaces)[0].bridge": "{}",
            ],
            ["spec.networks[0].multus.networkName: is required; name the network attachment definition"]
        ),
        (
            [
                "spec.networks[1]": #"{"name": "second", "pod": {}}"#,
                "\(interfaces)[1]": #"{"name": "second", "bridge": {}}"#,
            ],
            ["spec.networks[1]: more than one network is the pod's; keep one, or use multus"]
        ),
        (
            [
                "spec.networks[1]": #"{"name": "second", "multus": {"networkName": "a", "default": true}}"#,
                "\(interfaces)[1]": #"{"name": "second", "bridge": {}}"#,
            ],
            ["spec.networks[1]: more than one network is the default; keep one of them"]
        ),
        (
            [
                "spec.networks[1]": #"{"name": "second", "multus": {"networkName": "a"}}"#,
                "\(interfaces)[1]": #"{"name": "second", "bridge": {}, "macAddress": "02-00-00-00-00-01"}"#,
            ],
            ["\(interfaces)[1].macAddress: is also the address of \(interfaces)[0]; give each its own"]
        ),
    ]

    static let others: [ValidationTests.Row] = [
        (["apiVersion": ""], ["apiVersion: is required; write kubevirt.io/v1"]),
        (["apiVersion": #""v1""#], [#"apiVersion: "v1" is unknown; use kubevirt.io/v1 or kubevirt.io/v1alpha3"#]),
        (["apiVersion": "1"], ["apiVersion: must be a string, not a number; put it in quotes"]),
        (["kind": #""Pod""#], [#"kind: "Pod" cannot be run; use VirtualMachineInstance or VirtualMachine"#]),
        (["kind": ""], ["kind: is required; write VirtualMachineInstance or VirtualMachine"]),
        (["metadata": ""], ["metadata.name: is required; give the machine a name"]),
        (
            ["metadata.name": #""My VM""#],
            [
                #"metadata.name: "My VM" is no DNS name; use lower-case letters, digits, '-' and '.', starting and ending with a letter or digit"#
            ]
        ),
        (
            ["metadata.namespace": #""a.b""#],
            [
                #"metadata.namespace: "a.b" is no DNS label; use at most 63 lower-case letters, digits and '-', starting and ending with a letter or digit"#
            ]
        ),
        (
            ["metadata.uid": #""../../x""#],
            ["metadata.uid: is not one that a cluster gives; remove the field"]
        ),
        (["metadata.labels.app": "7"], ["metadata.labels.app: must be a string, not a number; put it in quotes"]),
        (
            ["metadata.annotations": #"{"hooks.kubevirt.io/hookSidecars": "[]"}"#],
            [
                #"metadata.annotations["hooks.kubevirt.io/hookSidecars"]: hook sidecars are not supported; remove the annotation"#
            ]
        ),
        (["spec": ""], ["spec: is required; describe the machine"]),
        (["spec.domain": ""], ["spec.domain: is required; describe the machine, at least its memory"]),
        (
            ["spec.hostname": #""a.b""#],
            [
                #"spec.hostname: "a.b" is no DNS label; use at most 63 lower-case letters, digits and '-', starting and ending with a letter or digit"#
            ]
        ),
        (["spec.terminationGracePeriodSeconds": "-1"], ["spec.terminationGracePeriodSeconds: must be at least 0"]),
        (
            ["spec.terminationGracePeriodSeconds": "99999999999"],
            ["spec.terminationGracePeriodSeconds: must be at most 2147483647"]
        ),
        (
            ["spec.evictionStrategy": #""Never""#],
            [
                #"spec.evictionStrategy: "Never" is unknown; must be one of: None, LiveMigrate, LiveMigrateIfPossible, External"#
            ]
        ),
        (
            ["spec.domain.features.acpi": #"{"enabled": false}"#],
            ["spec.domain.features.acpi.enabled: cannot be turned off; remove the field"]
        ),
        (
            ["spec.domain.features.apic": #"{"enabled": false}"#],
            ["spec.domain.features.apic.enabled: cannot be turned off; remove the field"]
        ),
        (
            ["spec.domain.features.pvspinlock": #"{"enabled": false}"#],
            ["spec.domain.features.pvspinlock.enabled: cannot be turned off; remove the field"]
        ),
        (
            ["spec.domain.features.smm": "{}"],
            ["spec.domain.features.smm: system management mode is not supported; remove the field"]
        ),
        (
            ["spec.domain.clock.timer.hpet": "{}"],
            ["spec.domain.clock.timer.hpet: the machine has no such timer; set present: false or remove the field"]
        ),
        (
            ["spec.domain.clock.timer.kvm": #"{"present": false}"#],
            ["spec.domain.clock.timer.kvm: the machine always has this timer; remove the field"]
        ),
        (
            ["spec.domain.clock.timer.pit.tickPolicy": #""merge""#],
            [
                "spec.domain.clock.timer.pit.tickPolicy: the timer always delivers missed ticks late; set delay or remove the field"
            ]
        ),
        (["spec.domain.devices.rng": "true"], ["spec.domain.devices.rng: must be an object, not a boolean"]),
        (
            ["spec.domain.devices.autoattachSerialConsole": "1"],
            ["spec.domain.devices.autoattachSerialConsole: must be true or false, not a number"]
        ),
    ]

    @Test("are refused with exactly these lines", arguments: storage + volumes + networks + others)
    func refusal(_ row: ValidationTests.Row) throws {
        var value = try JSONValue(parsing: Array(Manifests.full.utf8))
        for (path, json) in row.changes {
            value = Manifests.setting(
                path, to: json.isEmpty ? nil : try JSONValue(parsing: Array(json.utf8)), in: value)
        }
        #expect(Manifests.problems(value) == row.problems)
    }

    @Test(
        "are none of these, which fit",
        arguments: [
            ("\(disks)[0].serial", #""ABCdef_0.+-123456789""#), ("\(disks)[0].errorPolicy", #""report""#),
            ("\(disks)[0].errorPolicy", #""enospace""#),
            ("\(disks)[0].disk.bus", #""scsi""#), ("\(disks)[0].blockSize.matchVolume", #"{"enabled": true}"#),
            ("\(disks)[0].blockSize.custom", #"{"logical": 4096, "physical": 4096}"#),
            ("\(interfaces)[0].macAddress", #""02-AA-bb-00-00-01""#), ("\(interfaces)[0].state", #""up""#),
            ("spec.domain.machine.type", #""pc-q35-9.2""#), ("spec.architecture", #""amd64""#),
            ("spec.domain.rebootPolicy", #""Reboot""#), ("spec.domain.devices.disableHotplug", "true"),
            ("spec.domain.cpu.maxSockets", "1"), ("spec.domain.memory.maxGuest", #""1024Mi""#),
            ("spec.domain.features.pvspinlock", #"{"enabled": true}"#),
            ("spec.domain.features.acpi", #"{"enabled": true}"#),
            ("spec.domain.clock.timer.rtc", #"{"present": true, "track": "guest"}"#),
            ("spec.domain.clock.timer.hyperv", #"{"present": false}"#), ("spec.terminationGracePeriodSeconds", "0"),
            ("spec.volumes[1].hostDisk", #"{"path": "/a", "type": "Disk"}"#), ("metadata.labels.app", "null"),
            ("spec.volumes[2].cloudInitNoCloud.networkData", #""version: 2""#),
            ("spec.domain.firmware.kernelBoot.container.imagePullPolicy", #""IfNotPresent""#),
        ])
    func fitting(_ path: String, _ json: String) throws {
        #expect(Manifests.problems(try Manifests.with(path, json)) == [])
    }
}
