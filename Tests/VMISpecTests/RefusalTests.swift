// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("A field that does not work")
struct RefusalTests {
    /// A field, JSON text for it, and what must be said of it.
    typealias Row = (path: String, json: String, says: String)

    static let disk = "spec.domain.devices.disks[0]"
    static let interface = "spec.domain.devices.interfaces[0]"
    static let devices = "spec.domain.devices"
    static let container = "spec.domain.firmware.kernelBoot.container"

    static let domain: [Row] = [
        ("spec.domain.cpu.model", #""Skylake-Server""#, "use host-model or host-passthrough"),
        ("spec.domain.cpu.features[0].policy", #""force""#, "use require or optional"),
        ("spec.domain.cpu.realtime", #"{"mask": "0-1"}"#, "use dedicatedCpuPlacement"),
        ("spec.domain.memory.reservedOverhead", #"{"addedOverhead": "1Mi"}"#, "is not supported"),
        ("spec.domain.resources.claims", #"[{"name": "a"}]"#, "is not supported"),
        ("spec.domain.chassis", #"{"serial": "1"}"#, "use firmware.serial"),
        ("spec.domain.clock.timezone", #""Europe/Berlin""#, "utc: {}"),
        ("spec.domain.clock.utc.offsetSeconds", "60", "always shows UTC"),
        ("spec.domain.clock.timer.pit.tickPolicy", #""catchup""#, "set delay"),
        ("spec.domain.clock.timer.rtc.tickPolicy", #""catchup""#, "remove the field"),
        ("spec.domain.clock.timer.rtc.track", #""wall""#, "remove the field"),
        ("spec.domain.clock.timer.hpet.tickPolicy", #""merge""#, "no such timer"),
        ("spec.domain.features.hyperv", #"{"relaxed": {}}"#, "Hyper-V"),
        ("spec.domain.features.hypervPassthrough", #"{"enabled": true}"#, "Hyper-V"),
        ("spec.domain.features.kvm.hidden", "true", "cannot be hidden"),
        ("spec.domain.firmware.acpi", #"{"slicNameRef": "a"}"#, "ACPI"),
        ("spec.domain.firmware.bootloader", #"{"efi": {"secureBoot": true}}"#, "use kernelBoot"),
        ("spec.domain.firmware.bootloader", #"{"bios": {}}"#, "use kernelBoot"),
        ("spec.domain.firmware.kernelBoot.container.imagePullPolicy", #""Always""#, "set Never"),
        ("spec.domain.firmware.kernelBoot.container.imagePullSecret", #""key""#, "never pulled"),
        ("spec.domain.ioThreads", #"{"supplementalPoolThreadCount": 2}"#, "I/O threads"),
        ("spec.domain.ioThreadsPolicy", #""auto""#, "I/O threads"),
        ("spec.domain.launchSecurity", #"{"sev": {}}"#, "encrypted guests"),
        ("spec.domain.rebootPolicy", #""Terminate""#, "set Reboot"),
    ]

    static let device: [Row] = [
        ("\(devices).autoattachGraphicsDevice", "true", "serial console"),
        ("\(devices).autoattachInputDevice", "true", "no display"),
        ("\(devices).clientPassthrough", "{}", "USB"),
        ("\(devices).downwardMetrics", "{}", "not supported"),
        ("\(devices).filesystems", #"[{"name": "a", "virtiofs": {}}]"#, "on a disk"),
        (
            "\(devices).gpus", #"[{"name": "a", "deviceName": "b"}]"#,
            "passed-through devices are not supported; remove the field"
        ),
        ("\(devices).hostDevices", #"[{"name": "a", "deviceName": "b"}]"#, "passed-through"),
        ("\(devices).inputs", #"[{"name": "a", "type": "tablet"}]"#, "no display"),
        ("\(devices).panicDevices", #"[{"model": "isa"}]"#, "pvpanic device already"),
        ("\(devices).sound", #"{"name": "a"}"#, "sound"),
        ("\(devices).tpm", "{}", "TPM"),
        ("\(devices).useVirtioTransitional", "true", "modern only"),
        ("\(devices).video", #"{"type": "vga"}"#, "no display"),
        ("\(devices).watchdog.diag288", #"{"action": "reset"}"#, "use i6300esb"),
        ("\(disk).blockSize.custom.discardGranularity", "4096", "remove the field"),
        ("\(disk).cache", #""none""#, "remove the field"),
        ("\(disk).cdrom.bus", #""sata""#, "set scsi"),
        ("\(disk).cdrom.tray", #""open""#, "set closed"),
        ("\(disk).lun.bus", #""virtio""#, "set scsi"),
        ("\(disk).lun.reservation", "true", "remove the field"),
        ("\(disk).changedBlockTracking", "true", "remove the field"),
        ("\(disk).dedicatedIOThread", "true", "remove the field"),
        ("\(disk).disk.bus", #""sata""#, "set virtio"),
        ("\(disk).disk.bus", #""usb""#, "set virtio"),
        ("\(disk).disk.bus", #""ide""#, "must be one of: virtio, sata, scsi, usb"),
        ("\(disk).disk.bus", "", "is not given, which means sata"),
        ("\(disk).disk.pciAddress", #""0000:00:04.0""#, "use serial"),
        ("\(disk).io", #""native""#, "remove the field"),
        ("\(disk).shareable", "true", "disk.readonly"),
        ("\(disk).tag", #""a""#, "use serial"),
        ("\(interface).acpiIndex", "1", "macAddress"),
        ("\(interface).binding", #"{"name": "passt"}"#, "use masquerade: {} or bridge: {}"),
        ("\(interface).bootOrder", "9", "nothing boots from the network"),
        ("\(interface).macvtap", "{}", "discontinued"),
        ("\(interface).passt", "{}", "discontinued"),
        ("\(interface).slirp", "{}", "discontinued"),
        ("\(interface).passtBinding", "{}", "use masquerade"),
        ("\(interface).sriov", "{}", "use masquerade"),
        ("\(interface).model", #""e1000""#, "set virtio"),
        ("\(interface).pciAddress", #""0000:00:04.0""#, "macAddress"),
        ("\(interface).portRanges", #"[{"protocol": "TCP", "start": 1, "end": 2}]"#, "in ports"),
        ("\(interface).state", #""absent""#, "remove the interface"),
        ("\(interface).tag", #""a""#, "macAddress"),
    ]

    static let instance: [Row] = [
        ("spec.startStrategy", #""Paused""#, "apus pause"),
        ("spec.resourceClaims", #"[{"name": "a"}]"#, "not supported"),
        ("spec.utilityVolumes", #"[{"name": "a", "claimName": "b"}]"#, "not supported"),
        ("spec.architecture", #""arm64""#, "set amd64"),
        ("spec.networks[0].resourceClaim", #"{"claimName": "a", "requestName": "b"}"#, "use pod: {}"),
    ]

    /// Kinds of volumes, each in place of the first volume.
    static let volume: [Row] = [
        ("containerPath", #"{"path": "/a"}"#, "use persistentVolumeClaim"),
        ("dataVolume.hotpluggable", "true", "remove the field"),
        ("downwardMetrics", "{}", "remove the volume"),
        ("hostDisk.shared", "true", "remove the field"),
        ("memoryDump", #"{"claimName": "a"}"#, "remove the volume"),
        ("persistentVolumeClaim.hotpluggable", "true", "remove the field"),
    ].map { ("spec.volumes[0].\($0)", $1, $2) }

    @Test("is refused with its path and what works instead", arguments: domain + device + instance + volume)
    func refusal(_ row: Row) throws {
        var base = try JSONValue(parsing: Array(Manifests.full.utf8))
        if row.path.hasPrefix("spec.volumes[0].") {
            base = Manifests.setting("spec.volumes[0].persistentVolumeClaim", to: nil, in: base)
        }
        let value = row.json.isEmpty ? nil : try JSONValue(parsing: Array(row.json.utf8))
        let problems = Manifests.problems(Manifests.setting(row.path, to: value, in: base))
        let message = problems.first { $0.hasPrefix("\(row.path): ") }
        #expect(message?.contains(row.says) ?? false, "\(problems)")
    }

    @Test(
        "of a virtual machine is refused as well",
        arguments: [
            ("spec.instancetype", #"{"name": "u1.small"}"#, "cpu and memory"),
            ("spec.preference", #"{"name": "fedora"}"#, "template"),
            ("spec.dataVolumeTemplates", #"[{"metadata": {"name": "a"}, "spec": {}}]"#, "use persistentVolumeClaim"),
        ])
    func machine(_ path: String, _ json: String, _ says: String) throws {
        let problems = Manifests.problems(try Manifests.with(path, json, in: MachineTests.machine))
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(path): ") ?? false)
        #expect(problems.first?.contains(says) ?? false)
    }

    @Test("has a row in these tables if it has one in the room's")
    func completeness() {
        let tested = Set((Self.domain + Self.device + Self.instance + Self.volume).map { Self.schema($0.path) })
        for (path, rule) in Support.rules where !path.hasPrefix("machine.") {
            if case .ignored = rule { continue }
            #expect(tested.contains(path), "\(path)")
        }
    }

    /// `disks[0]` is `disks[]` in a schema path.
    static func schema(_ path: String) -> String {
        path.split(separator: "[").enumerated().map { offset, part in
            offset == 0 ? String(part) : "[" + String(part[(part.firstIndex(of: "]") ?? part.startIndex)...])
        }.joined()
    }

    @Test("is a field of the API wherever the room's table names one")
    func tableNamesFields() {
        let fields = Set(
            APIFields.all.map { $0.hasSuffix("[]") ? String($0.dropLast(2)) : $0 } + ["spec.domain.resources.claims"])
        for path in Support.rules.keys where path.hasPrefix("spec.") {
            #expect(fields.contains(path), "\(path)")
        }
    }

    @Test("is never called unknown if the API has it", arguments: APIFields.all)
    func known(_ field: String) throws {
        let isList = field.hasSuffix("[]")
        let path = field.split(separator: ".").map { $0.hasSuffix("[]") ? "\($0.dropLast(2))[0]" : String($0) }
            .joined(separator: ".")
        let target = isList ? String(path.dropLast(3)) : path
        for json in isList ? ["[{}]", "7"] : ["{}", "7", "true", #""x""#] {
            let problems = Manifests.problems(try Manifests.with(target, json))
            #expect(!problems.contains { $0.hasPrefix("\(target): unknown field") }, "\(problems)")
        }
    }

    @Test(
        "is refused with the name that was meant if it is spelt wrongly",
        arguments: [
            ("spec.domain.cpu.coers", #"did you mean "cores"?"#), ("spec.domain.cpu.core", #"did you mean "cores"?"#),
            ("spec.domain.devics", #"did you mean "devices"?"#), ("spec.domian", #"did you mean "domain"?"#),
            ("spec.domain.devices.gpu", #"did you mean "gpus"?"#),
            ("spec.nodeselector", #"did you mean "nodeSelector"?"#),
            ("spec.domain.memory.hugePages", #"did you mean "hugepages"?"#), ("spec.domain.xyzzy", "remove it"),
            ("metadata.lables", #"did you mean "labels"?"#), ("sepc", #"did you mean "spec"?"#),
            ("spec.domain.devices.disks[0].bus", "unknown field"), ("spec.volumes[0].pvc", "unknown field"),
            ("spec.domain.devices.rng.source", "unknown field"), ("spec.networks[0].pod.x", "unknown field"),
        ])
    func unknown(_ path: String, _ says: String) throws {
        let problems = Manifests.problems(try Manifests.with(path, "1"))
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(path): unknown field; ") ?? false, "\(problems)")
        #expect(problems.first?.contains(says) ?? false, "\(problems)")
    }

    @Test(
        "is let through where it asks for nothing",
        arguments: [
            ("\(devices).gpus", "[]"), ("\(devices).gpus", "null"), ("\(devices).autoattachVSOCK", "false"),
            ("\(devices).blockMultiQueue", "true"), ("\(devices).logSerialConsole", "false"),
            ("\(interface).ports", "[]"), ("\(interface).acpiIndex", "0"), ("\(interface).model", #""""#),
            ("\(disk).cache", #""""#), ("\(disk).shareable", "false"), ("spec.subdomain", #""""#),
            ("spec.domain.clock.utc.offsetSeconds", "0"), ("spec.domain.cpu.maxSockets", "0"),
            ("spec.accessCredentials", "[]"), ("spec.domain.chassis", "null"), ("spec.domain.ioThreadsPolicy", #""""#),
            ("\(disk).dedicatedIOThread", "false"), ("spec.domain.features.kvm", #"{"hidden": false}"#),
            ("spec.domain.resources.overcommitGuestOverhead", "false"),
        ])
    func neutral(_ path: String, _ json: String) throws {
        #expect(Manifests.problems(try Manifests.with(path, json)) == [])
    }
}
