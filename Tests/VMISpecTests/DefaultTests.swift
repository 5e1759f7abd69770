// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("What a manifest leaves out")
struct DefaultTests {
    func parse(_ changes: [(String, String)], in manifest: String = Manifests.least) throws -> VirtualMachineInstance {
        var value = try JSONValue(parsing: Array(manifest.utf8))
        for (path, json) in changes {
            let field = json.isEmpty ? nil : try JSONValue(parsing: Array(json.utf8))
            value = Manifests.setting(path, to: field, in: value)
        }
        return try VMIManifest.parse(value).instance
    }

    @Test("is KubeVirt's default")
    func defaults() throws {
        let instance = try parse([])
        let spec = instance.spec
        let domain = spec.domain
        #expect(instance.metadata.namespace == "default")
        #expect(instance.metadata.uid == nil)
        #expect(instance.guestHostname == "tiny")
        #expect(instance.firmwareUUID == InstanceUUID(name: "tiny"))
        #expect(domain.cpu.sockets == 1 && domain.cpu.cores == 1 && domain.cpu.threads == 1)
        #expect(domain.cpu.model == "host-model")
        #expect(domain.cpu.features.isEmpty)
        #expect(!domain.cpu.dedicatedCPUPlacement && !domain.cpu.isolateEmulatorThread)
        #expect(!domain.cpu.numaGuestMappingPassthrough)
        #expect(domain.memory.guestBytes == 64 << 20)
        #expect(domain.memory.hugepageBytes == nil)
        #expect(domain.machineType == "q35")
        #expect(domain.firmware.kernelBoot?.kernelArguments == "")
        #expect(domain.clock.utcOffsetSeconds == 0)
        #expect(domain.features.acpi && domain.features.apic)
        #expect(!domain.devices.rng)
        #expect(domain.devices.autoattachSerialConsole)
        #expect(domain.devices.autoattachGraphicsDevice == nil && domain.devices.autoattachMemBalloon == nil)
        #expect(spec.terminationGracePeriodSeconds == 30)
        #expect(spec.architecture == "amd64")
        #expect(spec.volumes.isEmpty && spec.networks.isEmpty && spec.attachedDisks.isEmpty)
    }

    @Test("of networks is one bridged interface on the pod's, unless turned off")
    func network() throws {
        let spec = try parse([("spec.domain.devices.autoattachPodInterface", "")]).spec
        #expect(spec.domain.devices.interfaces == [InterfaceSpec(name: "default", binding: .bridge)])
        #expect(spec.networks == [NetworkSpec(name: "default", source: .pod(PodNetworkSource()))])
        #expect(try parse([("spec.domain.devices.autoattachPodInterface", "true")]).spec.networks.count == 1)
        #expect(try parse([("spec.domain.devices.autoattachPodInterface", "false")]).spec.networks.isEmpty)
    }

    @Test(
        "of the topology is filled in by resources or by ones",
        arguments: [
            (#"{"cores": 2}"#, "", [1, 2, 1]), (#"{"sockets": 3}"#, "", [3, 1, 1]),
            (#"{"threads": 2}"#, "", [1, 1, 2]),
            (#"{"cores": 2, "sockets": 3, "threads": 4}"#, "", [3, 2, 4]), ("", #"{"limits": {"cpu": 4}}"#, [4, 1, 1]),
            ("", #"{"limits": {"cpu": "4"}}"#, [4, 1, 1]), ("", #"{"limits": {"cpu": "3500m"}}"#, [4, 1, 1]),
            ("", #"{"requests": {"cpu": "100m"}}"#, [1, 1, 1]), ("", #"{"requests": {"cpu": "2"}}"#, [2, 1, 1]),
            ("", #"{"requests": {"cpu": 1.5}}"#, [2, 1, 1]), ("", #"{"requests": {"cpu": "0"}}"#, [1, 1, 1]),
            ("", #"{"requests": {"cpu": "2"}, "limits": {"cpu": "4"}}"#, [4, 1, 1]),
            (#"{"cores": 2}"#, #"{"limits": {"cpu": "8"}}"#, [1, 2, 1]),
            (#"{"model": "host-passthrough"}"#, #"{"limits": {"cpu": "8"}}"#, [8, 1, 1]),
        ] as [(String, String, [UInt32])])
    func topology(_ cpu: String, _ resources: String, _ topology: [UInt32]) throws {
        let domain = try parse([("spec.domain.cpu", cpu), ("spec.domain.resources", resources)]).spec.domain
        #expect([domain.cpu.sockets, domain.cpu.cores, domain.cpu.threads] == topology)
        #expect(domain.cpu.vcpuCount == topology.reduce(1, *))
    }

    @Test(
        "of memory is filled in by requests, limits or one huge page",
        arguments: [
            (#"{"guest": "1Gi"}"#, "", 1 << 30), (#"{"guest": "1G"}"#, "", 1_000_001_536),
            (#"{"guest": "128M"}"#, "", 128_000_000), (#"{"guest": 134217728}"#, "", 128 << 20),
            ("", #"{"requests": {"memory": "64Mi"}}"#, 64 << 20), ("", #"{"limits": {"memory": "64Mi"}}"#, 64 << 20),
            ("", #"{"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}}"#, 64 << 20),
            ("", #"{"requests": {"memory": "0"}, "limits": {"memory": "128Mi"}}"#, 128 << 20),
            (#"{"guest": "32Mi"}"#, #"{"requests": {"memory": "64Mi"}}"#, 32 << 20),
            (#"{"hugepages": {"pageSize": "1Gi"}}"#, "", 1 << 30),
            (#"{"hugepages": {"pageSize": "2Mi"}}"#, #"{"requests": {"memory": "64Mi"}}"#, 64 << 20),
            (#"{"guest": "0.5Gi"}"#, "", 512 << 20), (#"{"guest": "16Mi"}"#, "", 16 << 20),
            (#"{"guest": "64Ti"}"#, "", 64 << 40),
        ] as [(String, String, UInt64)])
    func memory(_ memory: String, _ resources: String, _ bytes: UInt64) throws {
        let domain = try parse([("spec.domain.memory", memory), ("spec.domain.resources", resources)]).spec.domain
        #expect(domain.memory.guestBytes == bytes)
    }

    @Test(
        "of the host name is the name's first label",
        arguments: [
            ("tiny", "tiny"), ("a.b.c", "a"), (String(repeating: "x", count: 100), String(repeating: "x", count: 63)),
        ])
    func hostname(_ name: String, _ hostname: String) throws {
        #expect(try parse([("metadata.name", "\"\(name)\"")]).guestHostname == hostname)
        #expect(try parse([("metadata.name", "\"\(name)\""), ("spec.hostname", "\"h\"")]).guestHostname == "h")
    }

    @Test("of the order of boot is the order written, behind what is ordered")
    func bootOrder() throws {
        let instance = try parse(
            [
                ("spec.domain.devices.disks[0].bootOrder", ""), ("spec.domain.devices.disks[1].bootOrder", "7"),
                ("spec.domain.devices.disks[2].bootOrder", "2"),
            ], in: Manifests.full)
        #expect(instance.spec.attachedDisks.map(\.disk.name) == ["seed", "data", "root"])
    }

    @Test("of a claim's or a disk's permission to write is permission")
    func readOnly() throws {
        let claim = "spec.volumes[0].persistentVolumeClaim.readOnly"
        #expect(try parse([], in: Manifests.full).spec.attachedDisks.first?.isReadOnly == false)
        #expect(try parse([(claim, "true")], in: Manifests.full).spec.attachedDisks.first?.isReadOnly == true)
    }

    @Test("of the API version is nothing: both mean the same", arguments: VMIManifest.apiVersions)
    func version(_ version: String) throws {
        let manifest = try VMIManifest.parse(try Manifests.with("apiVersion", "\"\(version)\""))
        #expect(manifest.apiVersion == version)
        #expect(manifest.instance.spec.attachedDisks.count == 3)
    }

    @Test("of scheduling is noted, not done", arguments: VMIManifest.deliberatelyIgnored.map(\.path))
    func ignored(_ field: String) throws {
        let isMachine = field.hasPrefix("machine.")
        let path = isMachine ? String(field.dropFirst("machine.".count)) : field
        let values = [
            "spec.evictionStrategy": #""LiveMigrate""#, "spec.domain.resources.overcommitGuestOverhead": "true",
        ]
        let manifest = try VMIManifest.parse(
            try Manifests.with(
                path, values[field] ?? #"{"a": ["b"]}"#, in: isMachine ? MachineTests.machine : Manifests.least))
        #expect(manifest.notes.map(\.path) == [path])
        #expect(manifest.notes.first?.message.hasPrefix("ignored: ") ?? false)
    }

    @Test("of cloud-init's data may come as text or as base64")
    func cloudInit() throws {
        for (key, text) in [("userData", "a: b"), ("userDataBase64", "YTogYg==")] {
            let instance = try parse(
                [("spec.volumes[2].cloudInitNoCloud", "{\"\(key)\": \"\(text)\", \"networkDataBase64\": \"Zm9v\"}")],
                in: Manifests.full)
            guard case .cloudInitNoCloud(let source) = instance.spec.volumes[2].source else {
                Issue.record("is no cloud-init volume")
                return
            }
            #expect(source.userData == Array("a: b".utf8))
            #expect(source.networkData == Array("foo".utf8))
        }
    }

    @Test("of fields not supported yet is decoded all the same, for the day their rows are lifted")
    func modelled() throws {
        let report = Report()
        let disk = try JSONValue(
            parsing: Array(
                #"{"name": "a", "cdrom": {"bus": "scsi", "tray": "open"}, "cache": "none", "io": "native"}"#.utf8))
        guard case .object(let object) = disk else { return }
        let spec = DiskSpec(ObjectReader(object, at: FieldPath.root.child("x"), report: report))
        #expect(report.problems == [])
        #expect(spec.target == .cdrom(bus: .scsi, isReadOnly: true, tray: .open))
        #expect(spec.cache == DiskSpec.Cache.none && spec.io == .native)
    }
}
